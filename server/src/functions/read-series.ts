import type { Context } from "../core/index.ts";
import { type BucketCountRow, readOccurredRange, sumSeries } from "./traffic-repository.ts";
import type { FunctionsDeps, SeriesPoint } from "./types.ts";

interface SeriesQuery {
  readonly buckets: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Traffic, latency, labels and accuracy of a function in buckets of `occurred_at`; empty when nothing was asked yet. */
export async function readSeries(
  context: Context,
  functionName: string,
  query: SeriesQuery,
  deps: Pick<FunctionsDeps, "sql" | "feedback">,
): Promise<SeriesPoint[]> {
  const found = await deps.sql.as(context, async (tx) => {
    const known =
      query.from !== undefined && query.to !== undefined ? { from: query.from, to: query.to } : await readOccurredRange(tx, functionName);
    const from = query.from ?? known.from;
    const to = query.to ?? known.to;
    if (from === null || to === null || Date.parse(from) > Date.parse(to)) return null;
    return { from, to, ...(await sumSeries(tx, { function: functionName, from, to, buckets: query.buckets })) };
  });
  if (found === null) return [];
  const start = Date.parse(found.from);
  const width = Math.max(1, Date.parse(found.to) - start) / query.buckets;
  const edge = (index: number) => new Date(start + Math.round(width * index)).toISOString();
  const ranges = Array.from({ length: query.buckets }, (_, index) => ({ from: edge(index), to: edge(index + 1) }));
  const accuracy = (await deps.feedback?.()?.accuracy(context, functionName, ranges)) ?? [];
  const totals = new Map(found.totals.map((row) => [row.bucket, row]));
  const counts = Map.groupBy(found.counts, (row) => row.bucket);
  return ranges.map((range, index) => {
    const total = totals.get(index);
    const rows = counts.get(index) ?? [];
    return {
      ...range,
      requests: total?.requests ?? 0,
      fallbacks: total?.fallbacks ?? 0,
      p50Ms: total?.p50 ?? null,
      p99Ms: total?.p99 ?? null,
      variants: countBy(rows, (row) => row.variant),
      labels: countBy(rows, (row) => row.label),
      accuracy: accuracy[index] ?? null,
    };
  });
}

function countBy(rows: readonly BucketCountRow[], pick: (row: BucketCountRow) => string | null): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const name = pick(row);
    if (name !== null) counts[name] = (counts[name] ?? 0) + row.requests;
  }
  return counts;
}
