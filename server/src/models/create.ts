import { AppError, type Context, type Logger, createId } from "../core/index.ts";
import type { Data } from "../data/index.ts";
import type { Jobs } from "../jobs/index.ts";
import type { BlobStore, Sql } from "../storage/index.ts";
import { type ModelsConfig, configSchema } from "./config.ts";
import { readGitCommit } from "./describe-environment.ts";
import { importModel } from "./imports/import-model.ts";
import { compareRuns, createExperiment, findExperiment } from "./experiments/index.ts";
import { defineWorkflows, trainWorkflow } from "./jobs.ts";
import { type Audit, moveAlias } from "./move-alias.ts";
import { predictRow } from "./predict-row.ts";
import * as repository from "./repository.ts";
import { createRuntime, type RuntimeDeps } from "./runtime/create-runtime.ts";
import { type TrainDeps, checkRequest, openRun, trainModel } from "./train-model.ts";
import type { ModelInputs, ModelReference, Models, ModelSignature, PredictOptions, Prediction } from "./types.ts";

export interface ModelsDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly jobs: Jobs;
  readonly data: Pick<Data, "findUpload" | "get" | "snapshot">;
  /** Governance's `audit`. */
  readonly audit: Audit;
  readonly logger: Logger;
  readonly config?: ModelsConfig;
  /** The program's version, for the environment of runs. */
  readonly version?: string;
  /** A folder for work in progress. */
  readonly scratchFolder: string;
  /** Another way to start a model thread; for tests. */
  readonly startThread?: RuntimeDeps["start"];
}

/** Rows of `predictMany` in the queue at a time. */
const rowsAtOnce = 16;

/** Defines its workflow on `jobs`: call it before `jobs.start()`. */
export function createModels(deps: ModelsDeps): Models {
  const { sql, blobs, jobs, audit, logger, config = configSchema.parse(undefined), version = "0.0.0" } = deps;
  const trainDeps: TrainDeps = { ...deps, config, version, emit: (tx, event) => jobs.emit(tx, event) };
  defineWorkflows(jobs, trainDeps);
  const runtime = createRuntime({ config, logger, start: deps.startThread });
  /** Signatures of what was loaded, by project and file. */
  const signatures = new Map<string, ModelSignature>();

  async function load(context: Context, reference: ModelReference): Promise<ModelSignature> {
    const key = `${context.projectId}/${reference.hash}`;
    const known = signatures.get(key);
    if (known !== undefined && runtime.isReady(reference.hash)) return known;
    const found = await sql.as(context, (tx) => repository.findVersion(tx, reference.model, reference.version));
    if (found === null || found.hash !== reference.hash) {
      throw new AppError("unknown_model", `There is no model ${reference.model}@${reference.version} with the file ${reference.hash}.`, {
        details: { ...reference },
      });
    }
    await runtime.load({ hash: found.hash, path: await blobs.path(context, found.hash), signature: found.signature });
    signatures.set(key, found.signature);
    return found.signature;
  }

  async function predict(
    context: Context,
    reference: ModelReference,
    inputs: ModelInputs,
    options: PredictOptions = {},
  ): Promise<Prediction> {
    // A model that a thread lost is loaded there again by itself; only what was never opened here, or closed since, is opened.
    const known = runtime.holds(reference.hash) ? signatures.get(`${context.projectId}/${reference.hash}`) : undefined;
    const signature = known ?? (await load(context, reference));
    return predictRow(runtime, { reference, signature, inputs }, options);
  }

  return {
    async createRun(context, request) {
      checkRequest(request);
      await deps.data.get(context, request.dataset);
      const gitCommit = await readGitCommit(".");
      const runId = createId();
      const workflowId = createId();
      await sql.as(context, async (tx) => {
        await openRun(tx, { id: runId, request, workflowId, gitCommit }, trainDeps);
        await jobs.startWorkflowIn(tx, trainWorkflow, { request, runId }, { workflowId });
      });
      return { workflowId, runId };
    },

    train: (_context, request, run) => trainModel({ request }, run, trainDeps),
    listRuns: (context, query) => sql.as(context, (tx) => repository.listRuns(tx, query)),

    async getRun(context, id) {
      const run = await sql.as(context, (tx) => repository.findRun(tx, id));
      if (run === null) throw new AppError("unknown_run", `There is no run ${id}.`, { details: { id } });
      return run;
    },

    compareRuns: (context, ids) => compareRuns(context, ids, { sql, blobs }),

    createExperiment: (context, request) => createExperiment(context, request, { ...trainDeps, data: deps.data, jobs }),

    async getExperiment(context, id) {
      const found = await sql.as(context, (tx) => findExperiment(tx, id));
      if (found === null) throw new AppError("unknown_experiment", `There is no search ${id}.`, { details: { id } });
      return found;
    },

    list: (context) => sql.as(context, (tx) => repository.listModels(tx)),

    async get(context, name) {
      return sql.as(context, async (tx) => {
        const [model] = await repository.listModels(tx, name);
        if (model === undefined) throw new AppError("unknown_model", `There is no model "${name}".`, { details: { model: name } });
        return { ...model, history: await repository.listAliasChanges(tx, name) };
      });
    },

    async getVersion(context, name, number) {
      const found = await sql.as(context, (tx) => repository.findVersion(tx, name, number));
      if (found === null)
        throw new AppError("unknown_model", `There is no model ${name}@${number}.`, { details: { model: name, version: number } });
      return found;
    },

    importVersion: (context, name, request) => importModel(context, { ...request, name }, { ...trainDeps, data: deps.data }),

    async exportVersion(context, name, number) {
      const found = await sql.as(context, async (tx) => {
        const version = await repository.findVersion(tx, name, number);
        if (version !== null)
          await audit(tx, { action: "models.export", object: `model:${name}`, after: { version: number, hash: version.hash } });
        return version;
      });
      if (found === null)
        throw new AppError("unknown_model", `There is no model ${name}@${number}.`, { details: { model: name, version: number } });
      const path = await blobs.path(context, found.hash);
      return { path, name: `${name}-${number}.onnx`, mediaType: "application/octet-stream", bytes: found.bytes };
    },

    async resolve(context, { model, alias = "champion", version: asked }) {
      return sql.as(context, async (tx) => {
        const number = asked ?? (await repository.findAlias(tx, model, alias));
        const found = number === null ? null : await repository.findVersion(tx, model, number);
        return found === null ? null : { model, version: found.version, hash: found.hash };
      });
    },

    moveAlias: (tx, move) => moveAlias(tx, move, audit),

    async load(context, reference) {
      await load(context, reference);
    },

    isReady: (reference) => runtime.isReady(reference.hash),

    predict,

    async predictMany(context, reference, rows, options) {
      const predictions: Prediction[] = [];
      for (let start = 0; start < rows.length; start += rowsAtOnce) {
        const some = rows.slice(start, start + rowsAtOnce);
        predictions.push(...(await Promise.all(some.map((inputs) => predict(context, reference, inputs, options)))));
      }
      return predictions;
    },

    close: () => runtime.close(),
  };
}
