import { AppError, sha256 } from "../core/index.ts";
import type { Row, Scalar } from "./rows.ts";
import type { Split } from "./split-rows.ts";

interface ColumnSplit {
  readonly seed: number;
  readonly column: string;
  readonly share: number;
}

/**
 * Chance that depends on the seed and on what a row says, never on where it stands: the same rows in any order fall the same way, and a
 * row of a grown dataset falls as before, but for those at the edge.
 */
function drawRows(rows: readonly Row[], seed: number): Row[] {
  const drawn = rows.map((row) => ({ row, rank: sha256(`${seed}\n${JSON.stringify(row.values)}`) }));
  drawn.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return drawn.map(({ row }) => row);
}

function part(rows: readonly Row[], held: ReadonlySet<Row>): Split {
  return { train: rows.filter((row) => !held.has(row)), holdout: rows.filter((row) => held.has(row)) };
}

/** Rows to hold back of so many, at least one on each side. */
function countHeld(rows: number, share: number): number {
  return Math.min(Math.max(Math.round(rows * share), 1), rows - 1);
}

/** Any `share` of at least two rows. */
export function splitAtRandom(rows: readonly Row[], seed: number, share: number): Split {
  return part(rows, new Set(drawRows(rows, seed).slice(0, countHeld(rows.length, share))));
}

/** The same share of each value: of every value the whole part of its due, then one more where the largest fractions are left. */
export function splitByValue(rows: readonly Row[], { seed, column, share }: ColumnSplit): Split {
  const strata = [...groupRows(drawRows(rows, seed), (row) => keyOf(row.values[column]!))].sort(([a], [b]) => (a < b ? -1 : 1));
  const due = strata.map(([, members]) => members.length * share);
  const counts = due.map(Math.floor);
  // A value that came once is left to training as long as others can make up the count.
  const isSingle = (index: number) => Number(strata[index]![1].length === 1);
  const byFraction = [...due.keys()].sort((a, b) => isSingle(a) - isSingle(b) || due[b]! - counts[b]! - (due[a]! - counts[a]!) || a - b);
  let left = countHeld(rows.length, share) - counts.reduce((sum, count) => sum + count, 0);
  for (const index of byFraction) {
    if (left <= 0) break;
    counts[index]! += 1;
    left -= 1;
  }
  return part(rows, new Set(strata.flatMap(([, members], index) => members.slice(0, counts[index]))));
}

/**
 * Whole groups, in drawn order, each held back if that brings the count nearer to what is wanted: off by at most half of the largest
 * group, unless a side would stay empty. `contract_violated` when all rows are of one group.
 */
export function splitByGroup(rows: readonly Row[], { seed, column, share }: ColumnSplit): Split {
  const groups = groupRows(rows, (row) => (row.values[column] == null ? `row ${JSON.stringify(row.values)}` : keyOf(row.values[column])));
  if (groups.size < 2)
    throw new AppError("contract_violated", `All ${rows.length} rows have the same ${column}; a split by group needs at least two.`);
  const drawn = [...groups].map(([key, members]) => ({ rank: sha256(`${seed}\n${key}`), members }));
  drawn.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const wanted = rows.length * share;
  const held = new Set<Row>();
  for (const { members } of drawn)
    if (Math.abs(held.size + members.length - wanted) < Math.abs(held.size - wanted)) for (const row of members) held.add(row);
  if (held.size === 0)
    for (const row of drawn.reduce((least, each) => (each.members.length < least.members.length ? each : least)).members) held.add(row);
  return part(rows, held);
}

function keyOf(value: Scalar): string {
  return JSON.stringify(value);
}

function groupRows(rows: readonly Row[], keyFor: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyFor(row);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [row]);
    else members.push(row);
  }
  return groups;
}
