import { AppError, type Context, isAppError } from "../core/index.ts";
import type { Candidate } from "../evaluation/index.ts";
import type { Binding, FunctionDefinition } from "../functions/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";
import type { Tx } from "../storage/index.ts";
import { awaitReady } from "./await-ready.ts";
import { isOpen } from "./begin-retraining.ts";
import { bare, changeTraffic, stableOf, withdraw } from "./change-traffic.ts";
import { type RetrainingConfig, retrainingConfigOf } from "./config.ts";
import { type Hold, type HoldResult, holdStage, lookAtCanary, lookAtNothing, lookAtShadow } from "./hold-stage.ts";
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

/** What the steps share. Everything in it is known before the first step, or comes out of one. */
interface Way {
  readonly deps: ReleaseDeps;
  readonly workflow: WorkflowRun;
  readonly context: Context;
  readonly definition: FunctionDefinition;
  readonly config: RetrainingConfig;
}

interface Plan {
  /** The dataset version that is not made of inferences itself; null when there is none yet. */
  readonly parent: string | null;
  readonly stable: ReleaseArm;
  readonly champion: Candidate;
  readonly model: string;
  /** The variant that gets the new version. */
  readonly variant: string;
}

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
    return goBack(
      way,
      "release.roll-back-unready",
      `${laggards.join(", ")} did not load ${binding.label} within ${config.readyTimeoutMs / 1000} s.`,
    );
  const shadowed = await hold(way, "release.hold-shadow", {
    release: shadow,
    requests: config.shadowRequests,
    look: lookAtShadow(binding.binding),
  });
  if (shadowed.end !== "held") return shadowed.end === "superseded" ? superseded : goBack(way, "release.roll-back-shadow", shadowed.reason);

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
  if (tried.end !== "held") return tried.end === "superseded" ? superseded : goBack(way, "release.roll-back-canary", tried.reason);
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
        holdRequests: config.afterRequests,
        reason,
      },
      deps,
    );
    await note(tx, way, { stage: "promoted", releaseId: id });
    return id;
  });
  if (release === null) return superseded;
  // The one before goes on answering unheard, so that both can be compared on labels that come later.
  await hold(way, "release.hold-after", { release, requests: config.afterRequests, look: lookAtNothing });
  await workflow.step("release.retire-previous", (step) =>
    deps.sql.as(context, (tx) =>
      step.once(tx, async () => {
        const active = await lockActive(tx, definition.name);
        if (active?.id !== release) return;
        await setReleaseArms(tx, release, [champion]);
        await deps.functions.setArms(tx, { function: definition.name, release, arms: bare([champion]) });
        await deps.audit(tx, {
          action: "release.retire",
          object: `function:${definition.name}`,
          before: active.arms,
          after: { release, arms: [champion] },
        });
      }),
    ),
  );
  return { end: "promoted", reason };
}

async function makePlan(way: Way): Promise<Plan> {
  const { deps, context, definition, config } = way;
  const stable = stableOf(await deps.sql.as(context, (tx) => readArms(tx, definition.name)), definition.name);
  const bound = await deps.functions.binding(context, stable.binding);
  if (bound === null) throw new AppError("conflict", `The stable binding ${stable.binding} of "${definition.name}" is not known.`);
  const [variant, model] = findModel(definition, stable.variant);
  return { parent: await findParent(way, config.dataset), stable, champion: candidateOf(bound, definition), variant, model };
}

/** The stable variant if it is a model, else the first in the chain that is. */
function findModel(definition: FunctionDefinition, stableVariant: string): [variant: string, model: string] {
  for (const name of [stableVariant, ...definition.fallback, ...Object.keys(definition.variants)]) {
    const spec = definition.variants[name];
    if (spec?.kind === "model") return [name, spec.model];
  }
  throw new AppError("invalid_request", `No variant of "${definition.name}" is a model, so there is nothing to train.`);
}

/** A model is asked in batches; everything else as it is bound. */
function candidateOf(binding: Binding, definition: FunctionDefinition): Candidate {
  const { model, version } = binding.resolved as { model?: unknown; version?: unknown };
  if (definition.variants[binding.variant]?.kind === "model" && typeof model === "string" && typeof version === "number")
    return { kind: "model", model, version };
  return { kind: "binding", binding: binding.hash, label: binding.label };
}

/** The newest version that people made: curated ones are made anew each time, with the newest labels of every inference. */
async function findParent({ deps, context }: Way, name: string): Promise<string | null> {
  let reference: string | null = name;
  while (reference !== null) {
    try {
      const dataset = await deps.data.get(context, reference);
      if (!dataset.lineage.sources.some((source) => source.kind === "inferences")) return dataset.reference;
      reference = dataset.lineage.parent;
    } catch (error) {
      if (isAppError(error, "unknown_dataset")) return null;
      throw error;
    }
  }
  return null;
}

/** One step that changes something: once, in one transaction, and only while the retraining is open. Null when it is not. */
function change<T>(way: Way, name: string, run: (tx: Tx) => Promise<T>): Promise<T | null> {
  return way.workflow.step(name, (step) =>
    way.deps.sql.as(way.context, (tx) =>
      step.once(tx, async () => {
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
    const release = await changeTraffic(
      tx,
      { function: way.definition.name, stage, retrainingId: way.workflow.workflowId, ...to },
      way.deps,
    );
    await note(tx, way, { stage });
    return release;
  });
}

function hold(way: Way, name: string, what: Pick<Hold, "release" | "requests" | "look">): Promise<HoldResult> {
  return way.workflow.step(name, (step) =>
    holdStage(way.context, { ...what, function: way.definition.name, signal: step.signal }, way.deps),
  );
}

async function goBack(way: Way, name: string, reason: string): Promise<RetrainOutcome> {
  const done = await change(way, name, async (tx) => {
    await withdraw(tx, { function: way.definition.name, retrainingId: way.workflow.workflowId, reason }, way.deps);
    return note(tx, way, { stage: "rolled-back", reason });
  });
  return done === null ? superseded : { end: "rolled-back", reason };
}
