import { quoteName, quoteText } from "./quote.ts";
import type { BrokenRule, ColumnCheck, ColumnType } from "./types.ts";

const families: Record<ColumnType, RegExp> = {
  text: /^VARCHAR/,
  integer: /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/,
  number: /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*)$/,
  boolean: /^BOOLEAN$/,
  timestamp: /^(TIMESTAMP.*|DATE)$/,
  date: /^DATE$/,
  json: /^JSON$/,
};

/** Every row breaks a rule about a column that is not there or of another type; its other rules cannot be asked then. */
export function structureOf(check: ColumnCheck, type: string | undefined, rows: number): BrokenRule[] {
  if (type === undefined) return [{ column: check.name, rule: "present", broken: rows }];
  return families[check.type].test(type) ? [] : [{ column: check.name, rule: "type", broken: rows }];
}

/** The rules that a row breaks by itself: name, and the condition under which it does. Null breaks none but `null`. */
export function checkParts(check: ColumnCheck): [BrokenRule["rule"], string][] {
  const column = quoteName(check.name);
  const parts: [BrokenRule["rule"], string][] = [];
  if (check.nullable === false) parts.push(["null", `${column} IS NULL`]);
  const limits = [
    ...(check.minimum === undefined ? [] : [`${column} < ${literal(check.minimum, check.type)}`]),
    ...(check.maximum === undefined ? [] : [`${column} > ${literal(check.maximum, check.type)}`]),
  ];
  if (limits.length > 0) parts.push(["range", limits.join(" OR ")]);
  if (check.maxLength !== undefined) parts.push(["length", `length(${column}) > ${literal(check.maxLength, "integer")}`]);
  if (check.values !== undefined)
    parts.push([
      "values",
      check.values.length === 0
        ? `${column} IS NOT NULL`
        : `${column} NOT IN (${check.values.map((value) => literal(value, check.type)).join(", ")})`,
    ]);
  if (check.pattern !== undefined) parts.push(["pattern", `NOT regexp_full_match(${column}, ${quoteText(check.pattern)})`]);
  return parts;
}

function literal(value: string | number | boolean, type: ColumnType): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value) && type !== "text") return String(value);
  const text = quoteText(String(value));
  return type === "timestamp" || type === "date" ? `CAST(${text} AS TIMESTAMP)` : text;
}
