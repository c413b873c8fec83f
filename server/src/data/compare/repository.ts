import type { ColumnContract } from "@millrace/contract";
import { quoteName } from "../../storage/index.ts";

/** Both versions are views: `before` and `after`. */
export type CountBy = "value" | "number" | "length";

/** A text with more different values than this is compared by its length. */
const mostValues = 50;

/** One row: how many different values each text column has in both versions together, capped; `d0`, `d1`, ... */
export function countDistinctSql(columns: readonly ColumnContract[]): string {
  const counts = columns.map(({ name }, index) => `approx_count_distinct(${quoteName(name)}) AS d${index}`);
  const names = columns.map(({ name }) => quoteName(name)).join(", ");
  return `SELECT ${counts.join(", ")} FROM (SELECT ${names} FROM before UNION ALL SELECT ${names} FROM after)`;
}

/** How a column is compared; null for those that differ by nature. */
export function chooseCountBy(column: ColumnContract, distinct: number | null): CountBy | null {
  if (column.unique || column.type === "instant") return null;
  if (column.type === "boolean" || column.values !== null) return "value";
  if (column.type === "text") return distinct !== null && distinct <= mostValues ? "value" : "length";
  return "number";
}

/**
 * Rows of (place, after, rows): counts of both versions by value, or by the tenths of the first version's numbers (lengths). `place` is the
 * value as text, `number` the last edge below a number: its bin is (edge, next edge]. Null stands for null.
 */
export function countSql(name: string, by: CountBy): string {
  const value = by === "length" ? `length(${quoteName(name)})` : quoteName(name);
  const both = `SELECT ${value} AS value, false AS after FROM before UNION ALL SELECT ${value} AS value, true AS after FROM after`;
  if (by === "value")
    return `SELECT CAST(value AS VARCHAR) AS place, after, count(*)::INTEGER AS rows FROM (${both}) GROUP BY ALL ORDER BY ALL`;
  const tenths = "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]";
  const edges = `SELECT list_sort(list_distinct(coalesce(quantile_disc(${value}, ${tenths}), []))) AS edges FROM before`;
  const place =
    "CASE WHEN value IS NULL THEN NULL ELSE coalesce(list_last(list_filter(edges, lambda edge: edge < value))::VARCHAR, 'least') END";
  return `WITH bounds AS (${edges}), both_sides AS (${both}) SELECT ${place} AS place, after, count(*)::INTEGER AS rows FROM both_sides, bounds GROUP BY ALL ORDER BY ALL`;
}

/** One row: how many rows the versions share, counted as often as they come. */
export function sharedRowsSql(names: readonly string[]): string {
  const columns = names.map(quoteName).join(", ");
  return `SELECT count(*)::INTEGER AS shared FROM (SELECT ${columns} FROM before INTERSECT ALL SELECT ${columns} FROM after)`;
}
