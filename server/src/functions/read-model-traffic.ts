import { type ModelTraffic, modelFunction } from "@millrace/contract";
import type { Clock, Context } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { mostOfOne, sumModelTraffic } from "./model-traffic-repository.ts";

interface TrafficDeps {
  readonly sql: Sql;
  readonly clock: Clock;
}

/** What foundation models were asked by their own names in the last hours, who answered and what it cost: from evidence, of all nodes. */
export async function readModelTraffic(
  context: Context,
  query: { readonly hours: number },
  { sql, clock }: TrafficDeps,
): Promise<ModelTraffic> {
  const since = clock.now() - query.hours * 3_600_000;
  const prefix = modelFunction("");
  const rows = await sql.as(context, (tx) => sumModelTraffic(tx, prefix, since));
  const ofName = new Map<string, number>();
  for (const row of rows) ofName.set(row.function, (ofName.get(row.function) ?? 0) + row.requests);
  return {
    since: new Date(since).toISOString(),
    capped: [...ofName.values()].some((requests) => requests >= mostOfOne),
    items: rows.map((row) => ({
      model: row.function.slice(prefix.length),
      target: row.variant,
      requests: row.requests,
      failures: row.failures,
      fallbacks: row.fallbacks,
      p50Ms: row.p50,
      p99Ms: row.p99,
      costUsd: row.usd,
      costUnknown: row.unknown,
    })),
  };
}
