import type { RunMetrics } from "@millrace/contract";
import { findSlices } from "../statistics/index.ts";

export interface MeasuredRows {
  /** What each row cost: 0 or 1 for a label that was right or wrong, the absolute error of a number. */
  readonly losses: readonly number[];
  /** Features and metadata, as the dataset has them. */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
}

/** Pairs of columns are looked at: more would take long. */
const mostColumns = 30;
const mostRows = 5000;

/** Groups of rows that do worse than the rest, found without being told where to look; worst first, corrected for all that were looked at. */
export function findWeakSlices({ losses, columns }: MeasuredRows, metric: "error" | "mae"): NonNullable<RunMetrics["weakSlices"]> {
  const some = Object.entries(columns).slice(0, mostColumns);
  const { slices, looked } = findSlices(
    losses.slice(-mostRows),
    Object.fromEntries(some.map(([name, values]) => [name, values.slice(-mostRows)])),
  );
  return {
    looked,
    slices: slices.map(({ conditions, loss, otherLoss, pValue }) => ({ conditions, metric, estimate: loss, others: otherLoss, pValue })),
  };
}
