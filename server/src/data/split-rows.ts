import { AppError } from "../core/index.ts";
import type { Row } from "./rows.ts";

export interface Split {
  readonly train: readonly Row[];
  readonly holdout: readonly Row[];
}

/** Order of time, then of content: the same rows in any order give the same file. */
export function sortByTime(rows: readonly Row[], timeColumn: string): Row[] {
  const keyed = rows.map((row) => ({ row, time: String(row.values[timeColumn]), text: JSON.stringify(row.values) }));
  keyed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return keyed.map(({ row }) => row);
}

/**
 * The latest `share` of the rows is held back. Rows of one instant stay on one side, so the two sides never overlap in time.
 * Give the rows in order of time. `contract_violated` when there are not two instants to part.
 */
export function splitByTime(rows: readonly Row[], timeColumn: string, share: number): Split {
  const time = (index: number) => rows[index]!.values[timeColumn];
  const wanted = Math.min(Math.max(Math.round(rows.length * (1 - share)), 1), rows.length - 1);
  if (rows.length < 2 || time(0) === time(rows.length - 1)) {
    throw new AppError(
      "contract_violated",
      `${rows.length} rows with ${rows.length === 0 ? "no" : "one and the same"} ${timeColumn} cannot be split by time; at least two instants are needed.`,
    );
  }
  let later = wanted;
  while (later < rows.length && time(later) === time(later - 1)) later += 1;
  let earlier = wanted;
  while (earlier > 0 && time(earlier) === time(earlier - 1)) earlier -= 1;
  const at = later === rows.length || (earlier > 0 && wanted - earlier < later - wanted) ? earlier : later;
  return { train: rows.slice(0, at), holdout: rows.slice(at) };
}
