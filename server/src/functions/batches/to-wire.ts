import { idTime } from "../../core/index.ts";
import type { BatchRecord, ProviderFacts } from "./repository.ts";
import type { Batch } from "./types.ts";

export function toBatch(record: BatchRecord): Batch {
  const { total, done, failed, rate } = record;
  const runs = record.status === "running";
  return {
    id: record.id,
    function: record.function,
    status: record.status,
    source: record.source,
    workflowId: record.workflow_id,
    createdAt: new Date(idTime(record.id)).toISOString(),
    createdBy: record.created_by,
    startedAt: record.started_at,
    endedAt: record.ended_at,
    concurrency: record.concurrency,
    rows: { total, done, failed },
    cost: record.cost,
    unpriced: record.unpriced,
    rate: runs ? rate : null,
    secondsLeft: runs && rate !== null && rate > 0 ? Math.max(0, total - done - failed) / rate : null,
    waiting: record.waiting,
    error: record.error,
    provider: record.provider === null ? null : toProvider(record.provider),
    result: record.result,
  };
}

function toProvider({ target, id, status }: ProviderFacts): Batch["provider"] {
  return { target, id: id ?? null, status: status ?? null };
}
