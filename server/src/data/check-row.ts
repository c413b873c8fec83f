import type { ColumnContract } from "@millrace/contract";
import { type ColumnRules, type ContractRules, holdsInRow, type Rule } from "./contract-rules.ts";
import type { RuleCounts } from "./count-rules.ts";
import { type ParsedRow, type Rejection, type Row, type Scalar, showValue } from "./rows.ts";

export interface CheckInput {
  readonly rules: ContractRules;
  readonly counts: RuleCounts;
  readonly timeColumn?: string | undefined;
  /** Milliseconds since the epoch: no row may come from later. */
  readonly now: number;
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

/** The row as the contract keeps it, or the first rule it breaks that does not let it through. Columns the contract does not name are left out. */
export function checkRow(parsed: ParsedRow, input: CheckInput): Row | Rejection {
  const values: Record<string, Scalar> = Object.create(null) as Record<string, Scalar>;
  let rejection: Rejection | null = null;
  const breaks = (rule: Rule, value: unknown) => {
    input.counts.broken(rule, parsed.line);
    if (rule.policy !== "warn") rejection ??= reject(parsed, rule.name, value);
  };
  for (const rules of input.rules.columns) {
    const { name } = rules.column;
    const raw = Object.hasOwn(parsed.raw, name) ? parsed.raw[name] : null;
    values[name] = checkValue(raw ?? null, rules, (rule) => breaks(rule, raw));
  }
  const row = { line: parsed.line, values };
  if (rejection !== null) return rejection;
  for (const rule of input.rules.rows) {
    const holds = holdsInRow(rule, row);
    if (holds !== null) input.counts.asked(rule);
    if (holds === false) breaks(rule, Object.fromEntries(rule.condition.names.map((name) => [name, values[name]])));
  }
  const time = input.timeColumn === undefined ? null : values[input.timeColumn];
  if (typeof time === "string" && Date.parse(time) > input.now + clockToleranceMs)
    rejection ??= reject(parsed, `${input.timeColumn}: must not be in the future`, time);
  return rejection ?? row;
}

/** The value as the column keeps it; missing and null are the same. Null too where it is of no use: a rule is broken then. */
function checkValue(raw: unknown, { column, type, notNull, values }: ColumnRules, breaks: (rule: Rule) => void): Scalar {
  if (raw === null) {
    if (notNull !== null) breaks(notNull);
    return null;
  }
  const value = toType(column.type, raw);
  if (value === undefined) {
    breaks(type);
    return null;
  }
  for (const rule of values) if (!rule.holds(value)) breaks(rule);
  return value;
}

function reject(parsed: ParsedRow, group: string, value: unknown): Rejection {
  return { line: parsed.line, group, reason: `${group}; line ${parsed.line} has ${showValue(value)}`, row: parsed.raw };
}

/** Sets aside rows that repeat a unique value of one before them, unless `isSame` says that they repeat the whole row (a duplicate then). */
export function checkUnique(
  rows: readonly Row[],
  input: Pick<CheckInput, "rules" | "counts">,
  isSame: (a: Row, b: Row) => boolean,
): { rows: Row[]; rejections: Rejection[] } {
  const unique = input.rules.columns.flatMap(({ column, unique: rule }) =>
    rule === null ? [] : [{ name: column.name, rule, seen: new Map<Scalar, Row>() }],
  );
  if (unique.length === 0) return { rows: [...rows], rejections: [] };
  const kept: Row[] = [];
  const rejections: Rejection[] = [];
  for (const row of rows) {
    const repeated = unique.filter(({ name, seen }) => {
      const value = row.values[name];
      const earlier = value == null ? undefined : seen.get(value);
      return earlier !== undefined && !isSame(earlier, row);
    });
    for (const { rule } of repeated) input.counts.broken(rule, row.line);
    const broken = repeated.find(({ rule }) => rule.policy !== "warn");
    if (broken !== undefined) {
      const group = broken.rule.name;
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
