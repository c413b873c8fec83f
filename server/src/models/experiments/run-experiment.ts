import type { CreateExperiment, CreateRun, ExperimentResult } from "@millrace/contract";
import { AppError } from "../../core/index.ts";
import type { WorkflowRun } from "../../jobs/index.ts";
import { decodeLosses, meanLoss } from "../row-losses.ts";
import { type TrainDeps, trainModel } from "../train-model.ts";
import { type Choice, chooseTrial } from "./choose-trial.ts";
import { type ExperimentPlan, planExperiment } from "./plan-experiment.ts";
import * as repository from "./repository.ts";
import { type Trying, runCurve, runTrial } from "./run-trial.ts";
import { type Proposal, type Tried, findDropped, proposeTrial } from "./search/index.ts";

/** Less time than this is not worth a trial. */
const leastSeconds = 1;

export interface SearchInput {
  readonly experimentId: string;
  readonly request: CreateExperiment;
}

interface Search extends SearchInput {
  readonly plan: ExperimentPlan;
  readonly run: WorkflowRun;
  readonly deps: TrainDeps;
}

/**
 * The steps of a search: plan, one trial after the other, choose, then train and register what was chosen. What is tried next
 * follows from the seed and from what the steps before answered, so a search that was cut goes on with the trial it was at.
 */
export async function runExperiment(input: SearchInput, run: WorkflowRun, deps: TrainDeps): Promise<ExperimentResult> {
  const { experimentId, request } = input;
  try {
    const plan = await run.step("models.plan", async () => {
      const { dataset } = await deps.data.snapshot(run.context, request.dataset);
      const planned = planExperiment(request, dataset);
      await deps.sql.as(run.context, (tx) => repository.updateExperiment(tx, experimentId, { status: "running", metric: planned.metric }));
      return planned;
    });
    const search: Search = { ...input, plan, run, deps };
    const tried = await tryAll(search);
    const choice = await run.step("models.choose", () => choose(search));
    const { candidate, values } = tried[choice.trial - 1]!;
    const curve = request.learningCurve ? await measureCurve(search, { candidate, values, share: 1 }) : null;
    const trained = request.register ? await trainModel({ request: toRun(search, { candidate, values, share: 1 }) }, run, deps) : null;
    const result: ExperimentResult = {
      ...choice,
      learningCurve: curve,
      runId: trained?.runId ?? null,
      version: trained?.reference?.version ?? null,
    };
    return await run.step("models.finish-search", (step) =>
      deps.sql.as(run.context, (tx) =>
        step.once(tx, async () => {
          await repository.updateExperiment(tx, experimentId, { status: "succeeded", result });
          await deps.audit(tx, {
            action: "models.finish-search",
            object: `model:${request.model}`,
            after: { experimentId, trial: result.trial, runId: result.runId, version: result.version },
          });
          return result;
        }),
      ),
    );
  } catch (error) {
    // No step, since a cancelled workflow has none any more; a second time changes nothing.
    await noteFailure({ ...input, run, deps }, run.signal.aborted ? run.signal.reason : error);
    throw error;
  }
}

async function tryAll({ experimentId, request, plan, run, deps }: Search): Promise<Tried[]> {
  const trying: Trying = { dataset: request.dataset, plan, limits: request.limits };
  const tried: Tried[] = [];
  // Summed from what steps answered: the clock of a replay must not decide.
  const spent: number[] = [];
  for (;;) {
    const available = secondsFor(request, spent);
    const proposal = available < leastSeconds ? null : proposeTrial(request.algorithm, plan, tried);
    if (proposal === null) return tried;
    const number = tried.length + 1;
    // Each candidate as it is gets its part, so that a slow one does not take the turn of those after it.
    const turns = plan.defaultsFirst ? Math.max(1, plan.candidates.length - tried.length) : 1;
    const timeoutMs = Math.min((available / turns) * 1000, deps.config.trainMinutes * 60_000);
    const { loss, seconds } = await run.step(`models.trial-${number}`, async (step) => {
      const { trial, loss: measured } = await runTrial(run.context, { trying, proposal }, { ...deps, signal: step.signal, timeoutMs });
      return deps.sql.as(run.context, (tx) =>
        step.once(tx, async () => {
          await repository.insertTrial(tx, experimentId, { ...trial, number });
          // One that was cancelled and is resumed runs again.
          await repository.updateExperiment(tx, experimentId, { status: "running" });
          if (request.algorithm === "halving")
            for (const { place, reason } of findDropped(plan, [...tried, { ...proposal, loss: measured }]))
              await repository.pruneTrial(tx, experimentId, { number: place + 1, reason });
          return { loss: measured, seconds: trial.seconds };
        }),
      );
    });
    tried.push({ ...proposal, loss });
    spent.push(seconds);
  }
}

/** For the next trial: what is left, but for a last training as long as the longest trial, this one among them. */
function secondsFor({ budget, register }: CreateExperiment, spent: readonly number[]): number {
  const left = budget.seconds - spent.reduce((sum, each) => sum + each, 0);
  return register ? Math.min(left - Math.max(0, ...spent), left / 2) : left;
}

/** Of trials on all rows. `training_failed` when none succeeded, with the first reason. */
async function choose({ experimentId, plan, run, deps }: Search): Promise<Choice> {
  const trials = await deps.sql.as(run.context, (tx) => repository.listTrials(tx, experimentId));
  const finalists = await Promise.all(
    trials
      .filter(({ status, share, rowLosses }) => status === "succeeded" && share === 1 && rowLosses !== null)
      .map(async (trial) => {
        const losses = decodeLosses(await deps.blobs.get(run.context, trial.rowLosses!));
        return { trial, losses, loss: meanLoss(plan.metric, losses) };
      }),
  );
  const choice = chooseTrial(plan.metric, finalists);
  if (choice !== null) return choice;
  const reason = trials.find((trial) => trial.reason !== null)?.reason ?? "there was no time for one";
  throw new AppError(
    "training_failed",
    `None of ${trials.length} trials came to an end: ${reason}. See them: millrace models experiment ${experimentId}`,
    {
      details: { experimentId },
    },
  );
}

function measureCurve({ request, plan, run, deps }: Search, proposal: Proposal) {
  const trying: Trying = { dataset: request.dataset, plan, limits: {} };
  return run.step("models.learning-curve", (step) =>
    runCurve(run.context, { trying, proposal }, { ...deps, signal: step.signal, timeoutMs: deps.config.trainMinutes * 60_000 }),
  );
}

function toRun({ request, plan }: Search, { candidate, values }: Proposal): CreateRun {
  const { trainer, parameters } = plan.candidates[candidate]!;
  const { model, dataset, seed } = request;
  return { model, trainer, dataset, parameters: { ...parameters, ...values }, seed, task: plan.task, register: true };
}

async function noteFailure({ experimentId, run, deps }: Pick<Search, "experimentId" | "run" | "deps">, error: unknown): Promise<void> {
  const message = error instanceof AppError ? `${error.code}: ${error.message}` : String(error);
  await deps.sql
    .as(run.context, (tx) => repository.updateExperiment(tx, experimentId, { status: "failed", error: message }))
    .catch((second: unknown) => deps.logger.error({ err: second, experimentId }, "a failed search could not be noted"));
}
