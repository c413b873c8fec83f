import type { CellType } from "../types.ts";
import { Refusal, showCell } from "./refusal.ts";

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;
const codePattern = /^[+-]?0\d+$/;
const longDigitsPattern = /^-?\d{16,}$/;
const booleanPattern = /^(?:true|false)$/i;
/** Share of the cells that must be of a type for the others to count as faults, as in an inferred contract. */
const typeShare = 0.99;

/** A number that says the same when it is printed again; `007` and whole numbers past 2^53 are names, not amounts. */
export function isNumber(text: string): boolean {
  const first = text.charCodeAt(0);
  // Most cells are no number, and most of them show it at once.
  if ((first < 48 || first > 57) && first !== 45) return false;
  return numberPattern.test(text) && Number.isFinite(Number(text)) && (Number.isSafeInteger(Number(text)) || /[.eE]/.test(text));
}

/** The cell as JSON. What is not of the type stays text, so that a contract can set it aside with its value. */
export function cellToJson(text: string, type: CellType): string {
  if (type === "number" && isNumber(text)) return JSON.stringify(Number(text));
  if (type === "boolean" && booleanPattern.test(text)) return text.toLowerCase();
  return JSON.stringify(text);
}

/** What one column of a file holds. */
export class ColumnTally {
  #filled = 0;
  #numbers = 0;
  #booleans = 0;
  /** The first cell that is no number, and the first that is no boolean. */
  #notNumber: { row: number; text: string } | undefined;
  #notBoolean: { row: number; text: string } | undefined;
  /** The first cell of digits that are no amount: one makes the column one of codes. */
  code: { readonly row: number; readonly text: string } | undefined;

  add(text: string, row: number): void {
    this.#filled += 1;
    if (isNumber(text)) this.#numbers += 1;
    else {
      this.#notNumber ??= { row, text };
      if (codePattern.test(text) || longDigitsPattern.test(text)) this.code ??= { row, text };
    }
    if (booleanPattern.test(text)) this.#booleans += 1;
    else this.#notBoolean ??= { row, text };
  }

  /** Null for a column without a value. */
  infer(): CellType | null {
    if (this.#filled === 0) return null;
    if (this.code === undefined && this.#numbers >= this.#filled * typeShare) return "number";
    return this.#booleans >= this.#filled * typeShare ? "boolean" : "text";
  }

  /** The first cell that is not of the type, and how many are not. */
  misfits(type: CellType): { readonly row: number; readonly text: string; readonly count: number } | null {
    if (type === "text") return null;
    const first = type === "number" ? this.#notNumber : this.#notBoolean;
    const fitting = type === "number" ? this.#numbers : this.#booleans;
    return first === undefined ? null : { ...first, count: this.#filled - fitting };
  }

  get filled(): number {
    return this.#filled;
  }
}

export interface TypeRule {
  readonly column: string;
  /** Declared in the configuration: held without exception. */
  readonly declared: CellType | undefined;
  /** What the files read before had. */
  readonly known: CellType | undefined;
}

/**
 * The type of a column, and a note where some cells are not of it. `Refusal` when they break the declared type, or mix types
 * where the files before did not: half a column of numbers must not become text in silence.
 */
export function settleType(tally: ColumnTally, rule: TypeRule): { type: CellType | null; note?: string } {
  const { column, declared, known } = rule;
  const type = declared ?? known ?? tally.infer();
  if (type === null || type === "text") return { type };
  const odd = tally.misfits(type);
  if (odd === null) return { type };
  if (declared !== undefined)
    throw new Refusal(`${showCell(odd.text)} is not a ${type}, as the configuration says of this column`, { row: odd.row, column });
  if (type === "number" && tally.code !== undefined)
    throw new Refusal(
      `${showCell(tally.code.text)} is a code, where the column is one of numbers in the files read before; declare it as text in \`columns\`, and read from the start`,
      { row: tally.code.row, column },
    );
  if (odd.count > tally.filled * (1 - typeShare))
    throw new Refusal(
      `${showCell(odd.text)} is not a ${type}, which the column is in the files read before; declare the type in \`columns\` if both are meant`,
      { row: odd.row, column },
    );
  return {
    type,
    note: `column "${column}": ${odd.count} of ${tally.filled} values are not a ${type}, the first ${showCell(odd.text)} in row ${odd.row}`,
  };
}
