import { sql } from "kysely";
import { idBound } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";

export interface ModelTrafficRow {
  function: string;
  variant: string;
  requests: number;
  failures: number;
  fallbacks: number;
  p50: number | null;
  p99: number | null;
  /** Of those whose cost is known; null when there is none. */
  usd: string | null;
  /** Answers whose cost is not. */
  unknown: number;
}

/** So many names of models are looked at: callers choose them. */
const mostNames = 200;
/** Newest inferences of each name that are read. */
export const mostOfOne = 20_000;

/**
 * Calls of foundation models since a moment. Names are found by jumping from one to the next in the index. What
 * produced an inference is kept as text, and PostgreSQL reads no JSON that holds NUL or half a surrogate: its cost then counts as unknown.
 */
export async function sumModelTraffic(tx: Tx, prefix: string, since: number): Promise<ModelTrafficRow[]> {
  const from = new Date(since).toISOString();
  const bound = idBound(since);
  const { rows } = await sql<ModelTrafficRow>`
    with recursive names as (
      (select function from functions_inferences where project_id = ${tx.projectId} and function >= ${prefix} and occurred_at >= ${from}::timestamptz and id >= ${bound} order by function limit 1)
      union all
      select (select function from functions_inferences as later where project_id = ${tx.projectId} and later.function > names.function and occurred_at >= ${from}::timestamptz and id >= ${bound} order by function limit 1)
      from names where names.function is not null
    ),
    models as (select function from names where starts_with(function, ${prefix}) limit ${mostNames}),
    calls as (
      select models.function, newest.*,
        case when body.produced is null or body.produced ~ '\\\\u0000|\\\\ud[89a-f]' then null else body.produced::json -> 'cost' end as cost
      from models
      cross join lateral (
        select id, variant, status, fallback, latency_ms from functions_inferences as each
        where each.project_id = ${tx.projectId} and each.function = models.function and each.occurred_at >= ${from}::timestamptz and each.id >= ${bound}
          and each.status in ('ok', 'failed') and each.variant is not null and each.arm is distinct from 'drill'
        order by each.occurred_at desc limit ${mostOfOne}
      ) as newest
      left join functions_inference_bodies as body on body.project_id = ${tx.projectId} and body.id = newest.id and body.id >= ${bound}
    )
    select function, variant, count(*)::int as requests, (count(*) filter (where status = 'failed'))::int as failures,
      (count(*) filter (where fallback))::int as fallbacks, trim_scale(sum((cost ->> 'amount')::numeric) filter (where cost ->> 'currency' = 'USD'))::text as usd,
      (count(*) filter (where status = 'ok' and cost ->> 'amount' is null))::int as unknown,
      percentile_cont(0.5) within group (order by latency_ms) as p50, percentile_cont(0.99) within group (order by latency_ms) as p99
    from calls group by function, variant order by requests desc`.execute(tx.db);
  return rows;
}
