import { AppError } from "../core/index.ts";
import { type Column, type InputType, kindOf } from "./columns.ts";
import { type Cell, expectations, readCell } from "./read-cell.ts";

/** A feature column and what callers send for it. */
export interface InputColumn {
  readonly name: string;
  readonly type: InputType;
}

/** A column's values as trainers take them. `training_failed` names the column and the first row that is not of its type. */
export function readColumn({ name, type }: InputColumn, values: readonly unknown[]): Column {
  const cells = values.map((value, row) => {
    const cell = readCell(type, value);
    if (cell !== undefined) return cell;
    throw new AppError(
      "training_failed",
      `The column "${name}" must be ${expectations[type]}; row ${row + 1} has ${JSON.stringify(value) ?? String(value)}.`,
      { details: { column: name, row: row + 1 } },
    );
  });
  return toColumn({ name, type }, cells);
}

function toColumn({ name, type }: InputColumn, cells: readonly Cell[]): Column {
  const kind = kindOf(type);
  switch (kind) {
    case "text":
      return { name, type, kind, values: cells as readonly (string | null)[] };
    case "category":
      return { name, type, kind, values: cells.map((cell) => (cell === null ? "" : String(cell))) };
    default:
      return { name, type, kind, values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))) };
  }
}
