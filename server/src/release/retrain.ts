import { AppError, isAppError } from "../core/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";
import type { Tx } from "../storage/index.ts";
import { awaitReady } from "./await-ready.ts";
import { candidateOf, makePlan, type Plan, type Way } from "./make-plan.ts";
import { isOpen } from "./begin-retraining.ts";
import { bare, changeTraffic, stableOf, withdraw } from "./change-traffic.ts";
import { describeHours, retrainingConfigOf, stageTimeoutMs } from "./config.ts";
import { type Hold, type HoldResult, holdAfter, holdStage, lookAtCanary, lookAtShadow } from "./hold-stage.ts";
import {
  lockActive,
  lockRetraining,
  readArms,
  type ReleaseArm,
  type RetrainingChange,
  setReleaseArms,
  updateRetraining,
} from "./repository.ts";
import type { ReleaseDeps, Retraining } from "./types.ts";

export interface RetrainInput {
  readonly function: string;
}

/** Where a retraining ended. `superseded`: somebody ended it from outside, and said why there. */
export interface RetrainOutcome {
  readonly end: Retraining["stage"] | "superseded";
  readonly reason: string;
}

const superseded: RetrainOutcome = { end: "superseded", reason: "It was ended from outside." };

/**
 * The way of a better model from data to traffic: curate, train, evaluate, gate, shadow, canary, promote or roll back. Each
 * change of state is one transaction with its audit entry, and happens once, however often the process dies.
 */
export async function retrain(deps: ReleaseDeps, workflow: WorkflowRun, input: RetrainInput): Promise<RetrainOutcome> {
  const definition = deps.functions.definition(input.function);
  const config = retrainingConfigOf(definition);
  if (config === null) throw new AppError("invalid_request", `The function "${input.function}" declares no retraining.`);
  const way: Way = { deps, workflow, context: workflow.context, definition, config };
  try {
    const made = await makeChallenger(way);
    return made === null ? superseded : "end" in made ? made : await tryInTraffic(way, made);
  } catch (error) {
    if (workflow.signal.aborted) throw error;
    const reason = isAppError(error) ? `${error.message} (${error.code})` : String(error);
    await change(way, "release.note-failure", async (tx) => {
      await withdraw(tx, { function: input.function, retrainingId: workflow.workflowId, reason }, deps);
      await note(tx, way, { stage: "failed", reason });
    });
    throw error;
  }
}

interface Challenger {
  readonly plan: Plan;
  readonly binding: ReleaseArm;
}

/** Data, training, evaluation, gate. Null when it was ended from outside, an outcome when the gate stays shut. */
async function makeChallenger(way: Way): Promise<Challenger | RetrainOutcome | null> {
  const { deps, workflow, context, definition, config } = way;
  const plan = await workflow.step("release.plan", () => makePlan(way), { attempts: 3 });
  const dataset = await deps.feedback.curate(
    context,
    { function: definition.name, dataset: config.dataset, parent: plan.parent ?? undefined, holdout: config.holdout },
    workflow,
  );
  if (!(await change(way, "release.note-dataset", (tx) => note(tx, way, { stage: "train", dataset })))) return null;
  const { model } = plan;
  const trained = await deps.models.train(
    context,
    { model, trainer: config.trainer, dataset, parameters: config.parameters, seed: config.seed, register: true },
    workflow,
  );
  const { version } = trained.reference!;
  if (!(await change(way, "release.note-model", (tx) => note(tx, way, { stage: "evaluate", modelVersion: version })))) return null;
  const bound = await workflow.step(
    "release.bind",
    () => deps.functions.bind(context, { function: definition.name, variant: plan.variant, versions: { [model]: version } }),
    { attempts: 3 },
  );
  const challenger = candidateOf(bound, definition);
  const report = await deps.evaluation.compare(
    context,
    { function: definition.name, dataset, champion: plan.champion, challenger },
    workflow,
  );
  const { verdict } = report;
  const rules = report.rulesAreEnough
    ? " Plain rules reach the share of the champion's accuracy at which they are enough: consider them."
    : "";
  const reason = `${report.reason}${rules}`;
  const judged = { evaluationId: report.id, verdict, reason, binding: bound.hash, previousBinding: plan.stable.binding };
  const stage = verdict === "pass" ? "gate" : "stopped";
  if (!(await change(way, "release.note-verdict", (tx) => note(tx, way, { stage, ...judged })))) return null;
  if (verdict !== "pass") return { end: "stopped", reason };
  return { plan, binding: { binding: bound.hash, variant: bound.variant, label: bound.label, role: "shadow", share: 0 } };
}

/** Shadow, canary, promotion. */
async function tryInTraffic(way: Way, { plan, binding }: Challenger): Promise<RetrainOutcome> {
  const { deps, workflow, definition, config } = way;
  const stable: ReleaseArm = { ...plan.stable, role: "stable", share: 1 };
  const unchanged = await change(way, "release.check-stable", async (tx) => {
    const current = stableOf(await readArms(tx, definition.name), definition.name);
    if (current.binding === stable.binding) return "unchanged";
    const reason = `The stable binding became ${current.label} meanwhile, which the gate has not compared it with.`;
    await note(tx, way, { stage: "stopped", reason });
    return reason;
  });
  if (unchanged !== "unchanged") return unchanged === null ? superseded : { end: "stopped", reason: unchanged };
  const shadow = await enter(way, "shadow", {
    arms: [stable, binding],
    holdRequests: config.shadowRequests,
    reason: "The gate let it through.",
  });
  if (shadow === null) return superseded;
  const laggards = await workflow.step("release.await-ready", (step) =>
    awaitReady({ binding: binding.binding, timeoutMs: config.readyTimeoutMs, signal: step.signal }, deps),
  );
  if (laggards.length > 0)
    return goBack(way, {
      name: "release.roll-back-unready",
      end: "rolled-back",
      reason: `${laggards.join(", ")} did not load ${binding.label} within ${config.readyTimeoutMs / 1000} s.`,
    });
  const shadowed = await hold(way, "release.hold-shadow", {
    release: shadow,
    requests: config.shadowRequests,
    look: lookAtShadow(binding.binding),
  });
  if (shadowed.end !== "held") return leave(way, { stage: "shadow", holdRequests: config.shadowRequests }, shadowed);

  const canaryArms: ReleaseArm[] = [
    { ...stable, share: 1 - config.canaryShare },
    { ...binding, role: "canary", share: config.canaryShare },
  ];
  const canary = await enter(way, "canary", {
    arms: canaryArms,
    holdRequests: config.canaryRequests,
    reason: `In shadow it ${shadowed.note}.`,
  });
  if (canary === null) return superseded;
  const tried = await hold(way, "release.hold-canary", {
    release: canary,
    requests: config.canaryRequests,
    look: lookAtCanary(definition.latencyBudgetMs),
  });
  if (tried.end !== "held") return leave(way, { stage: "canary", holdRequests: config.canaryRequests }, tried);
  return promote(way, { stable, binding, reason: `${tried.note}, over ${tried.requests} requests.` });
}

async function promote(
  way: Way,
  { stable, binding, reason }: { stable: ReleaseArm; binding: ReleaseArm; reason: string },
): Promise<RetrainOutcome> {
  const { deps, workflow, context, definition, config } = way;
  const champion: ReleaseArm = { ...binding, role: "stable", share: 1 };
  const previous: ReleaseArm = { ...stable, role: "shadow", share: 0 };
  const release = await change(way, "release.promote", async (tx) => {
    const id = await changeTraffic(
      tx,
      {
        function: definition.name,
        stage: "promoted",
        arms: [champion, previous],
        replaces: stable,
        retrainingId: workflow.workflowId,
        holdRequests: null,
        reason,
      },
      deps,
    );
    await note(tx, way, { stage: "promoted", releaseId: id });
    return id;
  });
  if (release === null) return superseded;
  // The one before goes on answering unheard, so that both can be compared on labels that come later.
  const pair = { function: definition.name, release, champion: champion.binding, previous: previous.binding };
  await workflow.step("release.hold-after", (step) =>
    holdAfter(context, { ...pair, answers: config.afterRequests, maximumMs: stageTimeoutMs(config), signal: step.signal }, deps),
  );
  await workflow.step("release.retire-previous", (step) =>
    deps.sql.as(context, (tx) => step.once(tx, () => retirePrevious(tx, pair, deps))),
  );
  return { end: "promoted", reason };
}

/** The binding before stops answering, whatever stage its function is in by now; unless the champion serves no more. */
async function retirePrevious(tx: Tx, pair: { function: string; champion: string; previous: string }, deps: ReleaseDeps): Promise<void> {
  const active = await lockActive(tx, pair.function);
  const arms = await readArms(tx, pair.function);
  if (active === null || !arms.some((arm) => arm.role === "stable" && arm.binding === pair.champion)) return;
  const left = arms.filter((arm) => arm.role !== "shadow" || arm.binding !== pair.previous);
  if (left.length === arms.length) return;
  await setReleaseArms(tx, active.id, left);
  await deps.functions.setArms(tx, { function: pair.function, release: active.id, arms: bare(left) });
  await deps.audit(tx, {
    action: "release.retire",
    object: `function:${pair.function}`,
    before: arms,
    after: { release: active.id, arms: left },
  });
}

/** One step that changes something: once, in one transaction, and only while the retraining is open. Null when it is not. */
function change<T>(way: Way, name: string, run: (tx: Tx) => Promise<T>): Promise<T | null> {
  return way.workflow.step(name, (step) =>
    way.deps.sql.as(way.context, (tx) =>
      step.once(tx, async () => {
        // First the function's traffic, then the retraining: everybody locks in this order.
        await lockActive(tx, way.definition.name);
        const row = await lockRetraining(tx, way.workflow.workflowId);
        return row === null || !isOpen(row) ? null : run(tx);
      }),
    ),
  );
}

async function note(tx: Tx, { deps, workflow, definition }: Way, to: RetrainingChange): Promise<true> {
  await updateRetraining(tx, workflow.workflowId, to);
  await deps.audit(tx, {
    action: "release.retraining",
    object: `function:${definition.name}`,
    after: { retraining: workflow.workflowId, ...to },
  });
  return true;
}

/** Enters a stage: release, arms, row. Answers the release's id. */
function enter(
  way: Way,
  stage: "shadow" | "canary",
  to: { arms: readonly ReleaseArm[]; holdRequests: number; reason: string },
): Promise<string | null> {
  return change(way, `release.start-${stage}`, async (tx) => {
    const { name } = way.definition;
    // The binding before the champion may still be compared with it: it goes on answering unheard.
    const bystanders = (await readArms(tx, name)).filter(
      (arm) => arm.role === "shadow" && !to.arms.some((each) => each.binding === arm.binding),
    );
    const arms = [...to.arms, ...bystanders];
    const release = await changeTraffic(tx, { ...to, function: name, stage, arms, retrainingId: way.workflow.workflowId }, way.deps);
    await note(tx, way, { stage });
    return release;
  });
}

function hold(way: Way, name: string, what: Pick<Hold, "release" | "requests" | "look">): Promise<HoldResult> {
  return way.workflow.step(name, (step) =>
    holdStage(
      way.context,
      { ...what, function: way.definition.name, maximumMs: stageTimeoutMs(way.config), signal: step.signal },
      way.deps,
    ),
  );
}

/** Takes the challenger out of a stage that did not hold: it did harm, or too few requests came to tell. */
async function leave(
  way: Way,
  { stage, holdRequests }: { stage: "shadow" | "canary"; holdRequests: number },
  result: Exclude<HoldResult, { end: "held" }>,
): Promise<RetrainOutcome> {
  if (result.end === "superseded") return superseded;
  if (result.end === "harm") return goBack(way, { name: `release.roll-back-${stage}`, end: "rolled-back", reason: result.reason });
  const { requests } = result;
  const within = describeHours(way.config.stageTimeoutHours);
  const reason = `Inconclusive: ${requests} of ${holdRequests} requests in ${stage} within ${within}, ${holdRequests - requests} are missing.`;
  return goBack(way, { name: `release.end-${stage}`, end: "inconclusive", reason });
}

async function goBack(way: Way, back: { name: string; end: "rolled-back" | "inconclusive"; reason: string }): Promise<RetrainOutcome> {
  const { name, end, reason } = back;
  const done = await change(way, name, async (tx) => {
    await withdraw(tx, { function: way.definition.name, retrainingId: way.workflow.workflowId, reason }, way.deps);
    return note(tx, way, { stage: end, reason });
  });
  return done === null ? superseded : { end, reason };
}
