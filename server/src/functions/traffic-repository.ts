import { sql } from "kysely";
import type { Tx } from "../storage/index.ts";

export interface TrafficRow {
  variant: string;
  binding: string | null;
  requests: number;
  fallbacks: number;
  failures: number;
  p50: number | null;
  p99: number | null;
}

/** Newest inferences that the traffic of a function is summed over. */
const trafficRows = 50_000;

export async function sumTraffic(tx: Tx, functionName: string): Promise<TrafficRow[]> {
  const { rows } = await sql<TrafficRow>`
    select variant, binding, count(*)::int as requests, (count(*) filter (where fallback))::int as fallbacks, (count(*) filter (where status = 'failed'))::int as failures,
      percentile_cont(0.5) within group (order by latency_ms) as p50, percentile_cont(0.99) within group (order by latency_ms) as p99
    from (select variant, binding, fallback, status, latency_ms from functions_inferences
      where project_id = ${tx.projectId} and function = ${functionName} and status in ('ok', 'failed') and variant is not null and arm is distinct from 'drill' order by id desc limit ${trafficRows}) as newest
    group by variant, binding order by requests desc`.execute(tx.db);
  return rows;
}

export interface SeriesRange {
  readonly function: string;
  readonly from: string;
  readonly to: string;
  readonly buckets: number;
}

export async function readOccurredRange(tx: Tx, functionName: string): Promise<{ from: string | null; to: string | null }> {
  const { rows } = await sql<{ from: string | null; to: string | null }>`
    select min(occurred_at) as "from", max(occurred_at) as "to" from functions_inferences
    where project_id = ${tx.projectId} and function = ${functionName} and arm is distinct from 'drill'`.execute(tx.db);
  return rows[0]!;
}

export interface BucketRow {
  bucket: number;
  requests: number;
  fallbacks: number;
  p50: number | null;
  p99: number | null;
}

export interface BucketCountRow {
  bucket: number;
  variant: string | null;
  label: string | null;
  requests: number;
}

/** Buckets are numbered from 0; the last one includes its end. */
export async function sumSeries(tx: Tx, range: SeriesRange): Promise<{ totals: BucketRow[]; counts: BucketCountRow[] }> {
  const rows = sql`
    select least(${range.buckets} - 1, floor(extract(epoch from occurred_at - ${range.from}::timestamptz) * ${range.buckets} / greatest(extract(epoch from ${range.to}::timestamptz - ${range.from}::timestamptz), 0.001)))::int as bucket,
      variant, label, fallback, latency_ms
    from functions_inferences
    where project_id = ${tx.projectId} and function = ${range.function} and status in ('ok', 'failed') and arm is distinct from 'drill' and occurred_at >= ${range.from}::timestamptz and occurred_at <= ${range.to}::timestamptz`;
  const totals = await sql<BucketRow>`
    select bucket, count(*)::int as requests, (count(*) filter (where fallback))::int as fallbacks,
      percentile_cont(0.5) within group (order by latency_ms) as p50, percentile_cont(0.99) within group (order by latency_ms) as p99
    from (${rows}) as bucketed group by bucket`.execute(tx.db);
  const counts = await sql<BucketCountRow>`
    select bucket, variant, label, count(*)::int as requests from (${rows}) as bucketed group by bucket, variant, label`.execute(tx.db);
  return { totals: totals.rows, counts: counts.rows };
}
