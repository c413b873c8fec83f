import { AppError, createId } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import {
  closeRelease,
  findIntroduction,
  insertRelease,
  lockActive,
  lockRetraining,
  readArms,
  type ReleaseArm,
  type ReleaseRecord,
} from "./repository.ts";
import type { ReleaseDeps, ReleaseRow } from "./types.ts";

export interface TrafficChange {
  readonly function: string;
  readonly stage: ReleaseRow["stage"];
  readonly arms: readonly ReleaseArm[];
  /** The stable arm that this change replaces; absent when the stable arm stays, or goes back. */
  readonly replaces?: ReleaseArm;
  readonly retrainingId: string | null;
  readonly holdRequests: number | null;
  readonly reason: string;
}

const actions: Record<ReleaseRow["stage"], string> = {
  stable: "release.stable",
  shadow: "release.shadow",
  canary: "release.canary",
  promoted: "release.promote",
  "rolled-back": "release.roll-back",
};

/**
 * Closes the active release and opens the next: its row, the arms the nodes follow, the alias, the audit entry and the event,
 * all in the caller's transaction. Answers the new release's id.
 */
export async function changeTraffic(tx: Tx, change: TrafficChange, deps: ReleaseDeps): Promise<string> {
  const before = await lockActive(tx, change.function);
  const id = createId(deps.clock);
  const stable = stableOf(change.arms, change.function);
  if (before !== null) await closeRelease(tx, before);
  const beforeStable = change.replaces ?? (await findIntroduction(tx, change.function, stable.binding))?.beforeStable ?? null;
  const { function: functionName, stage, arms, retrainingId, holdRequests, reason } = change;
  await insertRelease(tx, { id, function: functionName, stage, arms, beforeStable, retrainingId, holdRequests, reason });
  await deps.functions.setArms(tx, { function: functionName, release: id, arms: bare(arms) });
  await moveChampion(tx, { stable, reason, functionName }, deps);
  await deps.audit(tx, {
    action: actions[stage],
    object: `function:${functionName}`,
    before: before?.arms ?? null,
    after: { release: id, stage, arms, reason },
  });
  await deps.jobs.emit(tx, {
    type: `release.${stage}`,
    subject: `function:${functionName}`,
    payload: { release: id, retraining: retrainingId, reason },
  });
  return id;
}

/** The arms as functions takes them. */
export function bare(arms: readonly ReleaseArm[]): { binding: string; variant: string; role: ReleaseArm["role"]; share: number }[] {
  return arms.map(({ binding, variant, role, share }) => ({ binding, variant, role, share }));
}

/** Whoever asks for the model by its alias gets what serves: the alias follows the stable binding, in the same transaction. */
async function moveChampion(tx: Tx, to: { stable: ReleaseArm; reason: string; functionName: string }, deps: ReleaseDeps): Promise<void> {
  const spec = deps.functions.definition(to.functionName).variants[to.stable.variant];
  const version = /@(\d+)$/.exec(to.stable.label)?.[1];
  if (spec?.kind !== "model" || version === undefined) return;
  await deps.models.moveAlias(tx, { model: spec.model, alias: spec.alias, version: Number(version), reason: to.reason });
}

export function stableOf(arms: readonly ReleaseArm[], functionName: string): ReleaseArm {
  const stable = arms.find((arm) => arm.role === "stable");
  if (stable === undefined)
    throw new AppError(
      "conflict",
      `Function "${functionName}" has no stable binding yet, so there is nothing to compare with or go back to.`,
      { details: { function: functionName } },
    );
  return stable;
}

/**
 * Takes the challenger of a retraining that is in shadow or canary out of the traffic; whoever else answers unheard goes on.
 * Answers the new release's id, or null when it was not on trial.
 */
export async function withdraw(
  tx: Tx,
  ask: { function: string; retrainingId: string; reason: string },
  deps: ReleaseDeps,
): Promise<string | null> {
  const active = await lockActive(tx, ask.function);
  if (!isOnTrial(active, ask.retrainingId)) return null;
  const challenger = (await lockRetraining(tx, ask.retrainingId))?.binding;
  const arms = await readArms(tx, ask.function);
  const others = arms.filter((arm) => arm.role === "shadow" && arm.binding !== challenger);
  const stable: ReleaseArm = { ...stableOf(arms, ask.function), share: 1 };
  return changeTraffic(tx, { ...ask, stage: "rolled-back", arms: [stable, ...others], holdRequests: null }, deps);
}

export function isOnTrial(active: ReleaseRecord | null, retrainingId: string): boolean {
  return active !== null && active.retrainingId === retrainingId && (active.stage === "shadow" || active.stage === "canary");
}
