import type {
  CreateExperiment,
  CreateRun,
  ImportModel,
  Experiment,
  Model,
  ModelSignature,
  ModelVersion,
  Run,
  RunComparison,
  RunProgress,
  modelDetailSchema,
} from "@millrace/contract";
import type { z } from "zod";
import type { Context, Deadline, EvidenceRecorder } from "../core/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";
import type { Tx } from "../storage/index.ts";

export type ModelDetail = z.infer<typeof modelDetailSchema>;
export type { CreateRun, Model, ModelSignature, ModelVersion, Run, RunProgress };

/** One version of a registered model; `hash` is its ONNX file's SHA-256. */
export interface ModelReference {
  readonly model: string;
  readonly version: number;
  readonly hash: string;
}

/**
 * What a model answered: the top label, its calibrated probability, and the probability of every label. A regression answers with
 * `value`; its label is empty and its confidence 0.
 */
export interface Prediction {
  readonly label: string;
  /** In [0, 1]. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>>;
  /** Of a regression alone. */
  readonly value?: number;
  /** Between them lies the truth of nine rows of ten that are like those held back at training; absent where that was not measured. */
  readonly low?: number;
  readonly high?: number;
  /** Of classes: the labels among which the truth of nine such rows of ten is; all of them where that was not measured. May be empty. */
  readonly set?: readonly string[];
}

export type ModelInputs = Readonly<Record<string, unknown>>;

export interface PredictOptions {
  /** A request that still waits when it ends is dropped with `deadline_exceeded`. */
  readonly deadline?: Deadline;
  /** Told the step `model`, with its name, version, batch and the session's own time. */
  readonly evidence?: EvidenceRecorder;
}

/** An ONNX file, to be saved under `name`. */
export interface ModelFile {
  readonly path: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
}

/** What a training run leaves: its id, and the version it was registered as (null when it was not to be). */
export interface TrainResult {
  readonly runId: string;
  readonly reference: ModelReference | null;
}

export interface MoveAlias {
  readonly model: string;
  /** `champion` is what functions bind first; a release moves it. */
  readonly alias: string;
  readonly version: number;
  readonly reason: string;
}

export interface Page<T> {
  readonly items: T[];
  /** The cursor of the following page; null at the end. */
  readonly next: string | null;
}

export interface RunsQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly model?: string | undefined;
  /** `name@version`. */
  readonly dataset?: string | undefined;
}

/** Training runs, the registry of models, and the runtime that answers with them. */
export interface Models {
  /** Starts the workflow `models.train@1`. `unknown_trainer`, `unknown_dataset`, `invalid_request` for bad parameters. */
  createRun(context: Context, input: CreateRun): Promise<{ workflowId: string; runId: string }>;
  /** The same work inside the caller's own workflow. */
  train(context: Context, input: CreateRun, run: WorkflowRun): Promise<TrainResult>;
  /** Newest first. */
  listRuns(context: Context, query: RunsQuery): Promise<Page<Run>>;
  /** `unknown_run`. */
  getRun(context: Context, id: string): Promise<Run>;
  /** Row by row of what the dataset held back. `unknown_run`, `conflict` unless both succeeded on the same dataset version. */
  compareRuns(context: Context, ids: { readonly a: string; readonly b: string }): Promise<RunComparison>;

  /** Starts the workflow `models.search@1`. `unknown_dataset`, `unknown_trainer`, `invalid_request` for a space that does not fit the trainer. */
  createExperiment(context: Context, input: CreateExperiment): Promise<{ workflowId: string; experimentId: string }>;
  /** `unknown_experiment`. */
  getExperiment(context: Context, id: string): Promise<Experiment>;

  list(context: Context): Promise<Model[]>;
  /** `unknown_model`. */
  get(context: Context, name: string): Promise<ModelDetail>;
  /** `unknown_model`. */
  getVersion(context: Context, name: string, version: number): Promise<ModelVersion>;
  /**
   * Registers an uploaded ONNX file as the model's next version, once a task process has opened it, read its signature and tried it
   * out. `import_refused` says which input or output does not fit; `not_found`, `body_too_large`, `model_runtime_missing`.
   */
  importVersion(context: Context & { readonly signal?: AbortSignal }, name: string, request: ImportModel): Promise<ModelVersion>;

  /** A version's ONNX file, as it is. Audited. `unknown_model`. */
  exportVersion(context: Context, name: string, version: number): Promise<ModelFile>;
  /** The version an alias (default `champion`) names, or this version; null when there is none. */
  resolve(
    context: Context,
    input: { readonly model: string; readonly alias?: string; readonly version?: number },
  ): Promise<ModelReference | null>;
  /** Moves an alias in the caller's transaction, with its history and audit entry. A repeat is a no-op. `unknown_model`. */
  moveAlias(tx: Tx, move: MoveAlias): Promise<void>;

  /** Loads and warms it on this node; a second call is cheap. `model_runtime_missing`, `unknown_model`. */
  load(context: Context, reference: ModelReference): Promise<void>;
  isReady(reference: ModelReference): boolean;
  /** `overloaded` past the queue's bound, `deadline_exceeded`, `thread_died`; loads the model first when this node lacks it. */
  predict(context: Context, reference: ModelReference, inputs: ModelInputs, options?: PredictOptions): Promise<Prediction>;
  /** Many rows, in order, a few at a time: live requests are answered between them. */
  predictMany(context: Context, reference: ModelReference, rows: readonly ModelInputs[], options?: PredictOptions): Promise<Prediction[]>;
  close(): Promise<void>;
}
