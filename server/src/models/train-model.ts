import type { CreateRun } from "@millrace/contract";
import { AppError, type Context, createId } from "../core/index.ts";
import type { NewEvent, WorkflowRun } from "../jobs/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { describeEnvironment, readGitCommit } from "./describe-environment.ts";
import { type FitDeps, type FittedModel, fitModel } from "./fit-model.ts";
import { type Audit, moveAlias } from "./move-alias.ts";
import { noteProgress } from "./note-progress.ts";
import * as repository from "./repository.ts";
import { findTrainer, trainers } from "./trainers/index.ts";
import type { TrainResult } from "./types.ts";
import { writeCard } from "./write-card.ts";

export interface TrainDeps extends FitDeps {
  readonly sql: Sql;
  readonly audit: Audit;
  readonly emit: (tx: Tx, event: NewEvent) => Promise<void>;
  /** The program's. */
  readonly version: string;
}

/** Refuses what could not train before anything is written: `unknown_trainer`, `invalid_request`. */
export function checkRequest({ trainer, parameters, task }: CreateRun): void {
  const { parametersSchema, tasks } = findTrainer(trainer);
  if (task !== undefined && !tasks.includes(task)) throw cannot(trainer, task);
  const parsed = parametersSchema.safeParse(parameters);
  if (parsed.success) return;
  const issues = parsed.error.issues.map((issue) => ({ path: ["parameters", ...issue.path].join("."), message: issue.message }));
  throw new AppError(
    "invalid_request",
    `The trainer ${trainer} does not take these parameters: ${issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}.`,
    { details: { issues } },
  );
}

function cannot(trainer: string, task: NonNullable<CreateRun["task"]>): AppError {
  const able = Object.values(trainers).filter(({ tasks }) => tasks.includes(task));
  return new AppError(
    "invalid_request",
    `The trainer ${trainer} cannot do ${task}. Those that can: ${able.map(({ name }) => name).join(", ")}.`,
    { details: { issues: [{ path: "task", message: `is none that ${trainer} can do` }] } },
  );
}

export interface NewRun {
  readonly id: string;
  readonly request: CreateRun;
  readonly workflowId: string;
  readonly gitCommit: string | null;
}

/** Writes the row of a run that begins, with its audit entry, in the caller's transaction. */
export async function openRun(
  tx: Tx,
  { id, request, workflowId, gitCommit }: NewRun,
  deps: Pick<TrainDeps, "audit" | "version">,
): Promise<void> {
  const { model, trainer, dataset, parameters, seed, task } = request;
  const environment = describeEnvironment(deps.version);
  await repository.insertRun(tx, { id, model, trainer, dataset, parameters, seed, gitCommit, environment, workflowId });
  await deps.audit(tx, {
    action: "models.train",
    object: `model:${model}`,
    after: { runId: id, trainer, dataset, parameters, seed, workflowId, ...(task === undefined ? {} : { task }) },
  });
}

/** The steps of a training: open the run (unless it was opened by who started it), fit, then publish. */
export async function trainModel(
  input: { readonly request: CreateRun; readonly runId?: string },
  run: WorkflowRun,
  deps: TrainDeps,
): Promise<TrainResult> {
  const { request } = input;
  const { context, workflowId } = run;
  const runId =
    input.runId ??
    (await run.step("models.open-run", async (step) => {
      checkRequest(request);
      const gitCommit = await readGitCommit(".");
      return deps.sql.as(context, (tx) =>
        step.once(tx, async () => {
          const id = createId();
          await openRun(tx, { id, request, workflowId, gitCommit }, deps);
          return id;
        }),
      );
    }));
  try {
    const fitted = await run.step("models.fit", (step) => fitShown(context, { request, runId }, { ...deps, signal: step.signal }));
    return await run.step("models.publish", (step) =>
      deps.sql.as(context, (tx) => step.once(tx, () => publish(tx, { request, runId, fitted }, deps))),
    );
  } catch (error) {
    // No step, since a cancelled workflow has none any more; a second time changes nothing.
    await noteFailure(context, { runId, error: run.signal.aborted ? run.signal.reason : error }, deps);
    throw error;
  }
}

async function noteFailure(context: Context, { runId, error }: { runId: string; error: unknown }, deps: TrainDeps): Promise<void> {
  const message = error instanceof AppError ? `${error.code}: ${error.message}` : String(error);
  await deps.sql
    .as(context, (tx) => repository.failRun(tx, runId, message))
    .catch((second: unknown) => deps.logger.error({ err: second, runId }, "a failed run could not be noted"));
}

/** Fits, and shows on the run how far it is; a repeat after a crash or a cancelled workflow opens it again. */
async function fitShown(
  context: Context,
  { request, runId }: { request: CreateRun; runId: string },
  deps: TrainDeps & { readonly signal: AbortSignal },
): Promise<FittedModel> {
  await deps.sql.as(context, (tx) => repository.reopenRun(tx, runId));
  const notes = noteProgress((progress) => deps.sql.as(context, (tx) => repository.setProgress(tx, runId, progress)), {
    onError: (error) => deps.logger.warn({ err: error, runId }, "the progress of a run could not be noted"),
  });
  try {
    return await fitModel(context, request, { ...deps, onProgress: notes.note });
  } finally {
    await notes.end();
  }
}

/** The run's end and the version it became, with audit entries and event, in one transaction. */
async function publish(
  tx: Tx,
  { request, runId, fitted }: { request: CreateRun; runId: string; fitted: FittedModel },
  deps: TrainDeps,
): Promise<TrainResult> {
  const { model, dataset } = request;
  const { metrics, trainSeconds, hash, bytes, signature, rowLosses } = fitted;
  if (!request.register) {
    await repository.finishRun(tx, runId, { metrics, trainSeconds, version: null, rowLosses });
    return { runId, reference: null };
  }
  const version = await repository.takeVersion(tx, model);
  const card = writeCard({ request, version, fitted, trainer: findTrainer(request.trainer).summary });
  await repository.insertVersion(tx, { model, version, hash, bytes, signature, card, dataset, runId, metrics });
  await repository.finishRun(tx, runId, { metrics, trainSeconds, version, rowLosses });
  await deps.audit(tx, { action: "models.register", object: `model:${model}`, after: { version, hash, dataset, runId } });
  if ((await repository.findAlias(tx, model, "champion", true)) === null) {
    await moveAlias(tx, { model, alias: "champion", version, reason: "the first registered version" }, deps.audit);
  }
  await deps.emit(tx, {
    type: "models.version-registered",
    subject: `${model}@${version}`,
    payload: { model, version, hash, dataset, runId },
  });
  return { runId, reference: { model, version, hash } };
}
