import type { DataContract, SplitRequest } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import type { Roles, Row } from "./rows.ts";
import { splitAtRandom, splitByGroup, splitByValue } from "./split-at-random.ts";

export interface Split {
  readonly train: readonly Row[];
  readonly holdout: readonly Row[];
}

/** A request with nothing left open. */
export type SplitRule = SplitRequest & { readonly column?: string | undefined };

/** What was asked for, or what the columns suggest: by time, else by a label of classes, else at random. `contract_violated`. */
export function chooseSplit(request: SplitRequest | undefined, roles: Roles, contract: DataContract): SplitRule {
  const isClasses = (name: string | undefined) => {
    const column = contract.columns.find((each) => each.name === name);
    return column !== undefined && (column.values !== null || column.type === "boolean");
  };
  const split: SplitRule =
    request ??
    (roles.timeColumn !== undefined
      ? { kind: "time" }
      : isClasses(roles.labelColumn)
        ? { kind: "stratified", seed: 0, column: roles.labelColumn }
        : { kind: "random", seed: 0 });
  if (split.kind === "time" && roles.timeColumn === undefined)
    throw new AppError(
      "contract_violated",
      "A split by time needs a time column; name one, or ask for a random, stratified or group split.",
    );
  const column = split.kind === "stratified" ? (split.column ?? roles.labelColumn) : undefined;
  if (split.kind === "stratified" && column === undefined)
    throw new AppError("contract_violated", "A stratified split needs a column: name it in `split.column`, or name a label column.");
  for (const name of [column, split.group])
    if (name !== undefined && !contract.columns.some((each) => each.name === name))
      throw new AppError("contract_violated", `The split names the column "${name}", which the contract does not have.`);
  if (column !== undefined && !isClasses(column))
    throw new AppError(
      "contract_violated",
      `A stratified split needs a column of few values; "${column}" has no list of values. Ask for a random split, or list its values in the contract.`,
    );
  return split.kind === "stratified" ? { ...split, column } : split;
}

/** Order of time, then of content: the same rows in any order give the same file. Without a time column by content alone. */
export function sortRows(rows: readonly Row[], timeColumn: string | undefined): Row[] {
  const timeOf = (row: Row) => (timeColumn === undefined ? "" : String(row.values[timeColumn]));
  const keyed = rows.map((row) => ({ row, time: timeOf(row), text: JSON.stringify(row.values) }));
  keyed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return keyed.map(({ row }) => row);
}

export interface SplitOptions {
  readonly rule: SplitRule;
  readonly timeColumn?: string | undefined;
  /** Share of the rows that is held back. */
  readonly share: number;
}

/** Parts sorted rows in two, both sides in the order given and neither empty. `contract_violated` when they cannot be parted so. */
export function splitRows(rows: readonly Row[], { rule, timeColumn, share }: SplitOptions): Split {
  switch (rule.kind) {
    case "time":
      return splitByTime(rows, timeColumn!, share);
    case "random":
      return splitAtRandom(rows, rule.seed, share);
    case "stratified":
      return splitByValue(rows, { seed: rule.seed, column: rule.column!, share });
    case "group":
      return splitByGroup(rows, { seed: rule.seed, column: rule.group, share });
  }
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
