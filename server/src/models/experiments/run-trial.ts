import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LearningPoint } from "@millrace/contract";
import { AppError, type Context, runTask } from "../../core/index.ts";
import type { FitDeps } from "../fit-model.ts";
import type { ExperimentPlan } from "./plan-experiment.ts";
import type { ExperimentJob, TrialMeasures } from "./measure-trial.ts";
import type { KeptTrial } from "./repository.ts";
import type { Proposal } from "./search/index.ts";

export interface TrialDeps extends Omit<FitDeps, "logger"> {
  readonly signal: AbortSignal;
  /** What of the search's time it may take. */
  readonly timeoutMs: number;
}

/** What is common to the trials of a search. */
export interface Trying {
  readonly dataset: string;
  readonly plan: ExperimentPlan;
  readonly limits: ExperimentJob["limits"];
}

/** A trial, and its mean loss when it succeeded. */
export interface TrialOutcome {
  readonly trial: Omit<KeptTrial, "number">;
  readonly loss: number | null;
}

/** Trains and measures one proposal in a task process. One that fails, is over a limit or out of time is an outcome too; a cancelled one throws. */
export async function runTrial(
  context: Context,
  { trying, proposal }: { trying: Trying; proposal: Proposal },
  deps: TrialDeps,
): Promise<TrialOutcome> {
  const { plan } = trying;
  const { trainer, parameters: fixed } = plan.candidates[proposal.candidate]!;
  const parameters = { ...fixed, ...proposal.values };
  const known = { trainer, parameters, seed: plan.seed, share: proposal.share };
  const nothing = { scores: [], folds: [], bytes: null, milliseconds: null, rowLosses: null };
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    return await runExperimentTask<TrialMeasures, TrialOutcome>(
      context,
      {
        trying,
        proposal,
        curve: null,
        async use({ loss, over, ...measured }, lossesPath) {
          if (over !== null)
            return { trial: { ...known, ...measured, status: "pruned", reason: over, seconds: seconds(), rowLosses: null }, loss: null };
          const { hash } = await deps.blobs.putFile(context, lossesPath);
          return { trial: { ...known, ...measured, status: "succeeded", reason: null, seconds: seconds(), rowLosses: hash }, loss };
        },
      },
      deps,
    );
  } catch (error) {
    if (deps.signal.aborted || !(error instanceof AppError)) throw error;
    const isLate = error.code === "task_killed" && performance.now() - startedAt >= deps.timeoutMs;
    const reason = isLate ? "its part of the time was over" : `${error.code}: ${error.message}`;
    return { trial: { ...known, ...nothing, status: isLate ? "pruned" : "failed", reason, seconds: seconds() }, loss: null };
  }
}

const curveShares = [0.1, 0.2, 0.4, 0.8, 1];

export function runCurve(context: Context, job: { trying: Trying; proposal: Proposal }, deps: TrialDeps): Promise<LearningPoint[]> {
  return runExperimentTask<LearningPoint[], LearningPoint[]>(
    context,
    { ...job, curve: curveShares, use: (points) => Promise.resolve(points) },
    deps,
  );
}

interface Asked<Answer, Result> {
  readonly trying: Trying;
  readonly proposal: Proposal;
  readonly curve: readonly number[] | null;
  /** Called before the files go. */
  use(answer: Answer, lossesPath: string): Promise<Result>;
}

async function runExperimentTask<Answer, Result>(
  context: Context,
  { trying, proposal, curve, use }: Asked<Answer, Result>,
  deps: TrialDeps,
): Promise<Result> {
  const { plan } = trying;
  const { path } = await deps.data.snapshot(context, trying.dataset);
  const { trainer, parameters } = plan.candidates[proposal.candidate]!;
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "trial-"));
  try {
    const job: ExperimentJob = {
      parquetPath: path,
      scratchFolder: folder,
      task: plan.task,
      columns: plan.inputs[proposal.candidate]!,
      labelColumn: plan.labelColumn,
      trainer,
      parameters: { ...parameters, ...proposal.values },
      seed: plan.seed,
      metric: plan.metric,
      folds: plan.folds,
      share: proposal.share,
      limits: trying.limits,
      lossesPath: join(folder, "row-losses"),
      curve,
    };
    const answer = await runTask<Answer>({ name: "./experiment-task", base: import.meta.url }, job, {
      signal: deps.signal,
      memoryMb: deps.config.trainMemoryMb,
      timeoutMs: deps.timeoutMs,
    });
    return await use(answer, job.lossesPath);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
