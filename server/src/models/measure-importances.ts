import type { RunMetrics } from "@millrace/contract";
import type { Column } from "./columns.ts";
import type { TrainedModel } from "./trainers/index.ts";

/** Rows that are looked at: more would change little. */
const mostRows = 500;

/** What share of all that moved the answers each input has: the mean size of its part over rows and outputs. Largest first. */
export function measureImportances(trained: TrainedModel, columns: readonly Column[]): RunMetrics["importances"] {
  if (trained.explain === undefined) return undefined;
  const sums = new Float64Array(columns.length);
  for (const { inputs } of trained.explain(columns.map((column) => firstRows(column))))
    for (const parts of inputs) for (const [index, part] of parts.entries()) sums[index]! += Math.abs(part);
  const total = sums.reduce((sum, each) => sum + each, 0);
  return columns
    .map(({ name }, index) => ({ input: name, share: total === 0 ? 0 : sums[index]! / total }))
    .sort((a, b) => b.share - a.share || (a.input < b.input ? -1 : 1));
}

function firstRows(column: Column): Column {
  return { ...column, values: column.values.slice(0, mostRows) } as Column;
}
