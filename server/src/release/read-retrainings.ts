import { idTime } from "../core/index.ts";
import { pairedDifference, wilson } from "../statistics/index.ts";
import type { Tx } from "../storage/index.ts";
import { countRequests, readAfter, type ReleaseRecord, type RetrainingRecord } from "./repository.ts";
import type { ReleaseRow, Retraining } from "./types.ts";

/** A release as the API shows it; of the active one the requests are counted now. */
export async function toRelease(tx: Tx, release: ReleaseRecord): Promise<ReleaseRow> {
  const { id, function: functionName, stage, arms, holdRequests, reason, createdBy, active } = release;
  const before = release.beforeStable?.label ?? null;
  const requests = release.requests ?? (await countRequests(tx, release));
  return {
    id,
    function: functionName,
    stage,
    arms: [...arms],
    requests,
    holdRequests,
    before,
    reason,
    createdAt: instant(id),
    createdBy,
    active,
  };
}

/** A retraining as the API shows it; what came after a promotion is measured now, as labels arrive late. */
export async function toRetraining(tx: Tx, row: RetrainingRecord): Promise<Retraining> {
  const { id, function: functionName, trigger, stage, dataset, modelVersion, evaluationId, verdict, reason, updatedAt } = row;
  const after = await measureAfter(tx, row);
  return {
    id,
    function: functionName,
    workflowId: id,
    trigger,
    stage,
    dataset,
    modelVersion,
    evaluationId,
    verdict,
    promoted: stage === "promoted",
    reason,
    after,
    createdAt: instant(id),
    updatedAt,
  };
}

async function measureAfter(tx: Tx, { releaseId, binding, previousBinding }: RetrainingRecord): Promise<Retraining["after"]> {
  if (releaseId === null || binding === null || previousBinding === null) return null;
  const { n, championRight, previousRight, ...pairs } = await readAfter(tx, {
    id: releaseId,
    champion: binding,
    previous: previousBinding,
  });
  if (n === 0) return null;
  return { champion: wilson(championRight, n), previous: wilson(previousRight, n), difference: pairedDifference({ n, ...pairs }) };
}

function instant(id: string): string {
  return new Date(idTime(id)).toISOString();
}
