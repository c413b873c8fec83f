import type { ColumnContract, DataContract } from "@millrace/contract";
import { type ParsedRow, type Rejection, type Row, type Scalar, showValue } from "./rows.ts";

export interface CheckInput {
  readonly contract: DataContract;
  readonly timeColumn?: string | undefined;
  /** Milliseconds since the epoch: no row may come from later. */
  readonly now: number;
}

interface Fault {
  readonly rule: string;
}

const instantPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;
/** A clock that is a little ahead of ours is no fault. */
const clockToleranceMs = 60_000;

/** An instant as ISO 8601 in UTC, or null. A bare date is its midnight; a time without an offset is none. */
export function toInstant(value: unknown): string | null {
  if (typeof value !== "string" || !instantPattern.test(value)) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** The value as the column keeps it, or the rule it breaks. Missing and null are the same. */
export function conformValue(column: ColumnContract, raw: unknown): { readonly value: Scalar } | Fault {
  if (raw === null || raw === undefined) return column.nullable ? { value: null } : { rule: "must not be null" };
  const value = toType(column.type, raw);
  if (value === undefined)
    return { rule: `must be ${column.type === "instant" ? "an instant (ISO 8601 with offset)" : article(column.type)}` };
  if (column.values !== null && !column.values.includes(value)) return { rule: `must be one of its ${column.values.length} known values` };
  if (column.maxLength !== null && typeof value === "string" && value.length > column.maxLength)
    return { rule: `must have at most ${column.maxLength} characters` };
  if (column.minimum !== null && value < column.minimum) return { rule: `must be at least ${column.minimum}` };
  if (column.maximum !== null && value > column.maximum) return { rule: `must be at most ${column.maximum}` };
  return { value };
}

function toType(type: ColumnContract["type"], raw: unknown): string | number | boolean | undefined {
  switch (type) {
    case "text":
      // Numbers and booleans in a text column are kept as they are written; half a surrogate pair cannot be stored anywhere.
      if (typeof raw === "string") return raw.toWellFormed();
      return typeof raw === "number" || typeof raw === "boolean" ? String(raw) : undefined;
    case "integer":
      return Number.isSafeInteger(raw) ? (raw as number) : undefined;
    case "number":
      return typeof raw === "number" && Number.isFinite(raw) ? raw : undefined;
    case "boolean":
      return typeof raw === "boolean" ? raw : undefined;
    case "instant":
      return toInstant(raw) ?? undefined;
  }
}

function article(type: string): string {
  return type === "integer" ? "an integer" : type === "text" ? "text" : `a ${type}`;
}

/** The row as the contract keeps it, or the first thing that breaks it. Columns the contract does not name are left out. */
export function checkRow(parsed: ParsedRow, input: CheckInput): Row | Rejection {
  const values: Record<string, Scalar> = Object.create(null) as Record<string, Scalar>;
  for (const column of input.contract.columns) {
    const raw = Object.hasOwn(parsed.raw, column.name) ? parsed.raw[column.name] : null;
    const result = conformValue(column, raw);
    if ("rule" in result) return reject(parsed, `${column.name}: ${result.rule}`, raw);
    values[column.name] = result.value;
  }
  const time = input.timeColumn === undefined ? null : values[input.timeColumn];
  if (typeof time === "string" && Date.parse(time) > input.now + clockToleranceMs)
    return reject(parsed, `${input.timeColumn}: must not be in the future`, time);
  return { line: parsed.line, values };
}

function reject(parsed: ParsedRow, group: string, value: unknown): Rejection {
  return { line: parsed.line, group, reason: `${group}; line ${parsed.line} has ${showValue(value)}`, row: parsed.raw };
}

/** Sets aside rows that repeat a unique value of one before them, unless `isSame` says that they repeat the whole row (a duplicate then). */
export function checkUnique(
  rows: readonly Row[],
  contract: DataContract,
  isSame: (a: Row, b: Row) => boolean,
): { rows: Row[]; rejections: Rejection[] } {
  const unique = contract.columns.filter((column) => column.unique).map((column) => ({ name: column.name, seen: new Map<Scalar, Row>() }));
  if (unique.length === 0) return { rows: [...rows], rejections: [] };
  const kept: Row[] = [];
  const rejections: Rejection[] = [];
  for (const row of rows) {
    const broken = unique.find(({ name, seen }) => {
      const value = row.values[name];
      const earlier = value == null ? undefined : seen.get(value);
      return earlier !== undefined && !isSame(earlier, row);
    });
    if (broken !== undefined) {
      const group = `${broken.name}: must be unique`;
      const value = row.values[broken.name]!;
      rejections.push({
        line: row.line,
        group,
        reason: `${group}; line ${row.line} repeats ${showValue(value)} of line ${broken.seen.get(value)!.line}`,
        row: row.values,
      });
      continue;
    }
    for (const { name, seen } of unique) {
      const value = row.values[name];
      if (value != null && !seen.has(value)) seen.set(value, row);
    }
    kept.push(row);
  }
  return { rows: kept, rejections };
}
