import { normalCdf } from "./distributions.ts";
import type { Estimate } from "./intervals.ts";
import { benjaminiHochberg } from "./multiple.ts";
import { quantile, sorted } from "./quantiles.ts";
import { meanEstimate } from "./regression.ts";

export interface FoundSlice {
  /** The conditions that make it: one, or two that hold together. `age in [17, 25)`, `sex = Female`. */
  readonly conditions: string[];
  readonly n: number;
  /** Mean loss of its rows. */
  readonly loss: Estimate;
  /** Mean loss of all other rows. */
  readonly otherLoss: number;
  /** Adjusted for all slices that were looked at. */
  readonly pValue: number;
}

export interface SliceSearch {
  readonly slices: FoundSlice[];
  /** How many were looked at. */
  readonly looked: number;
}

interface Condition {
  readonly column: string;
  readonly text: string;
  readonly rows: readonly number[];
}

/** A text column with more values than this makes no slices. */
const mostValues = 20;
const mostSlices = 20;

/**
 * Slices of rows whose loss is worse than of the rest, worst first. Conditions are values of text columns and quarters of number columns,
 * alone and by pairs of columns (Chung et al. 2019, "Slice Finder"). Each is tested one-sided against a random draw of as many
 * rows (the mean of a sample without replacement); Benjamini-Hochberg over all that were looked at keeps those at 5%. A pair is told only
 * when the interval of its loss lies above the loss of each part, and of slices of nearly the same rows the worst alone: nothing is said twice.
 */
export function findSlices(
  losses: readonly number[],
  columns: Readonly<Record<string, readonly unknown[]>>,
  options: { leastRows?: number } = {},
): SliceSearch {
  const leastRows = options.leastRows ?? 30;
  const singles = Object.entries(columns)
    .flatMap(([column, values]) => conditionsOf(column, values))
    .filter(({ rows }) => rows.length >= leastRows);
  const candidates = singles.map((one) => ({ parts: [one], rows: one.rows }));
  for (const [place, one] of singles.entries()) {
    const inOne = new Uint8Array(losses.length);
    for (const row of one.rows) inOne[row] = 1;
    for (const other of singles.slice(place + 1)) {
      if (other.column === one.column) continue;
      const rows = other.rows.filter((row) => inOne[row] === 1);
      if (rows.length >= leastRows) candidates.push({ parts: [one, other], rows });
    }
  }
  const looked = candidates.filter(({ rows }) => rows.length < losses.length);
  const total = losses.reduce((sum, loss) => sum + loss, 0);
  const centre = total / losses.length;
  const variance = losses.reduce((sum, loss) => sum + (loss - centre) ** 2, 0) / Math.max(1, losses.length - 1);
  const measured = looked.map(({ parts, rows }) => {
    const loss = meanEstimate(rows.map((row) => losses[row]!));
    const error = Math.sqrt((variance / rows.length) * (1 - rows.length / losses.length));
    return {
      parts,
      rows,
      loss,
      otherLoss: (total - loss.value * rows.length) / (losses.length - rows.length),
      pValue: error === 0 ? 1 : 1 - normalCdf((loss.value - centre) / error),
    };
  });
  const adjusted = benjaminiHochberg(measured.map(({ pValue }) => pValue));
  const found = measured
    .map((slice, index) => ({ ...slice, pValue: adjusted[index]! }))
    .filter(({ pValue }) => pValue <= 0.05)
    .toSorted((a, b) => b.loss.value - a.loss.value || b.loss.n - a.loss.n);
  const alone = new Map(found.filter(({ parts }) => parts.length === 1).map(({ parts, loss }) => [parts[0], loss.value]));
  const told: typeof found = [];
  for (const slice of found) {
    const isNew = slice.parts.length === 1 || slice.parts.every((part) => slice.loss.low > (alone.get(part) ?? centre));
    if (isNew && told.length < mostSlices && !told.some(({ rows }) => isSame(rows, slice.rows))) told.push(slice);
  }
  const slices = told.map(({ parts, loss, otherLoss, pValue }) => ({
    conditions: parts.map(({ text }) => text),
    n: loss.n,
    loss,
    otherLoss,
    pValue,
  }));
  return { slices, looked: looked.length };
}

/** Columns often say the same in other words; nine rows of ten in common are one slice. */
function isSame(first: readonly number[], second: readonly number[]): boolean {
  const inFirst = new Set(first);
  const common = second.filter((row) => inFirst.has(row)).length;
  return common >= 0.9 * (first.length + second.length - common);
}

function conditionsOf(column: string, values: readonly unknown[]): Condition[] {
  const known = values.filter((value) => value !== null && value !== undefined);
  const byValue = Map.groupBy(values.keys(), (row) => values[row] ?? null);
  const isNumeric = known.length > 0 && known.every((value) => typeof value === "number");
  if (byValue.size <= mostValues || !isNumeric) {
    if (byValue.size < 2 || byValue.size > mostValues) return [];
    return [...byValue].map(([value, rows]) => ({
      column,
      text: value === null ? `${column} is empty` : `${column} = ${String(value)}`,
      rows,
    }));
  }
  const order = sorted(known);
  const edges = [...new Set([0.25, 0.5, 0.75].map((share) => quantile(order, share)))];
  const bounds = [Number.NEGATIVE_INFINITY, ...edges, Number.POSITIVE_INFINITY];
  const quarters = bounds.slice(0, -1).map((from, place) => ({ from, to: bounds[place + 1]! }));
  const rows = quarters.map(({ from, to }) =>
    Array.from(values.keys()).filter((row) => typeof values[row] === "number" && values[row] >= from && values[row] < to),
  );
  const empty = byValue.get(null);
  return [
    ...quarters.map(({ from, to }, place) => ({ column, text: spanText(column, from, to), rows: rows[place]! })),
    ...(empty === undefined ? [] : [{ column, text: `${column} is empty`, rows: empty }]),
  ];
}

function spanText(column: string, from: number, to: number): string {
  if (from === Number.NEGATIVE_INFINITY) return `${column} < ${to}`;
  return to === Number.POSITIVE_INFINITY ? `${column} >= ${from}` : `${column} in [${from}, ${to})`;
}
