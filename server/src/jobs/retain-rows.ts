import { type Clock, type Logger, idBound } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { JobsConfig } from "./config.ts";
import { engineSchema } from "./repository.ts";
import { removeEvents, removeNodes, removeWorkflows } from "./retention-repository.ts";
import type { Jobs } from "./types.ts";

const dayMs = 86_400_000;
/** Rows of one slice: a workflow takes its steps with it. */
const sliceWorkflows = 20;
const sliceEvents = 500;

export interface RetainRowsDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<JobsConfig, "retainDays">;
}

export interface RemovedRows {
  readonly workflows: number;
  readonly events: number;
  readonly nodes: number;
}

/** Removes what jobs keep of work that ended `retainDays` ago, in short slices. What has not ended stays, however old. */
export async function retainRows(deps: RetainRowsDeps, signal?: AbortSignal): Promise<RemovedRows> {
  const { sql, clock, config } = deps;
  const before = clock.now() - config.retainDays * dayMs;
  const schema = await engineSchema(sql);
  const workflows = await inSlices(sliceWorkflows, (limit) => removeWorkflows(sql, { schema, before, limit }), signal);
  const events = await inSlices(
    sliceEvents,
    (limit) => sql.system("retention", (tx) => removeEvents(tx, { before: idBound(before), limit })),
    signal,
  );
  const nodes = await sql.system("retention", (tx) => removeNodes(tx, new Date(before).toISOString()));
  return { workflows, events, nodes };
}

async function inSlices(limit: number, remove: (limit: number) => Promise<number>, signal: AbortSignal | undefined): Promise<number> {
  for (let total = 0; ;) {
    const removed = await remove(limit);
    total += removed;
    if (removed < limit || signal?.aborted === true) return total;
  }
}

/** Before the jobs start: once a day. */
export function defineRowRetention(jobs: Pick<Jobs, "defineSchedule">, deps: RetainRowsDeps): void {
  jobs.defineSchedule("jobs.retain-rows", dayMs, async ({ signal }) => {
    const removed = await retainRows(deps, signal);
    if (removed.workflows + removed.events + removed.nodes > 0) deps.logger.info(removed, "rows of work that ended long ago removed");
  });
}
