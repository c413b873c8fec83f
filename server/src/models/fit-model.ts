import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CreateRun, ModelSignature, RunMetrics, RunProgress } from "@millrace/contract";
import { AppError, type Context, type Logger, runTask } from "../core/index.ts";
import type { Data, DatasetDetail } from "../data/index.ts";
import type { BlobStore } from "../storage/index.ts";
import { chooseInputs, chooseTask } from "./choose-inputs.ts";
import type { ModelsConfig } from "./config.ts";
import { readProgress } from "./note-progress.ts";
import type { InputColumn } from "./read-columns.ts";
import { findTrainer } from "./trainers/index.ts";

/** The job of the task process: files only. */
export interface TrainJob {
  readonly trainer: string;
  readonly parquetPath: string;
  /** Where the ONNX file goes. */
  readonly outputPath: string;
  /** Where the losses of the rows held back go, one by one. */
  readonly lossesPath: string;
  readonly scratchFolder: string;
  readonly task: "classification" | "regression";
  /** Features, in the signature's order. */
  readonly columns: readonly InputColumn[];
  readonly labelColumn: string;
  /** Columns to see quality by. */
  readonly sliceColumns: readonly string[];
  /** Columns whose groups are to fare alike. */
  readonly sensitiveColumns: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

/** What training leaves: the ONNX file as a blob, and what is to be said about it. */
export interface FittedModel {
  readonly hash: string;
  readonly bytes: number;
  readonly signature: ModelSignature;
  readonly facts: Readonly<Record<string, number>>;
  /** Of the rows held back. */
  readonly metrics: RunMetrics;
  /** Preparing text, fitting and calibrating; without reading the file. */
  readonly trainSeconds: number;
  /** The blob of what each row held back cost, by which runs are compared (`row-losses.ts`). */
  readonly rowLosses: string;
}

export interface FitDeps {
  readonly data: Pick<Data, "snapshot">;
  readonly blobs: BlobStore;
  readonly config: ModelsConfig;
  readonly logger: Logger;
  /** Where work in progress lies. */
  readonly scratchFolder: string;
}

/** Trains in a task process. The same run again (after a crash) leaves the same blob. `training_failed`, `task_killed`. */
export async function fitModel(
  context: Context,
  request: CreateRun,
  deps: FitDeps & { readonly signal: AbortSignal; readonly onProgress?: (progress: RunProgress) => void },
): Promise<FittedModel> {
  const { dataset, path } = await deps.data.snapshot(context, request.dataset);
  if (dataset.labelColumn === null) {
    throw new AppError("training_failed", `The dataset ${dataset.reference} names no label column, so there is nothing to learn.`, {
      details: { dataset: dataset.reference },
    });
  }
  const trainer = findTrainer(request.trainer);
  const label = dataset.contract.columns.find(({ name }) => name === dataset.labelColumn)!;
  const task = chooseTask(request, trainer, label);
  const columns = chooseInputs(trainer, dataset);
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "train-"));
  try {
    const job: TrainJob = {
      trainer: request.trainer,
      parquetPath: path,
      outputPath: join(folder, "model.onnx"),
      lossesPath: join(folder, "row-losses"),
      scratchFolder: folder,
      task,
      columns,
      labelColumn: dataset.labelColumn,
      sliceColumns: sliceColumns(dataset),
      sensitiveColumns: dataset.contract.columns.filter(({ sensitive }) => sensitive === true).map(({ name }) => name),
      parameters: request.parameters,
      seed: request.seed,
    };
    const fitted = await runTask<Omit<FittedModel, "hash" | "bytes" | "rowLosses">>({ name: "./train-task", base: import.meta.url }, job, {
      signal: deps.signal,
      memoryMb: deps.config.trainMemoryMb,
      timeoutMs: deps.config.trainMinutes * 60_000,
      onProgress: (said) => {
        const progress = readProgress(said);
        deps.logger.debug({ model: request.model, dataset: request.dataset, progress }, "training");
        if (progress !== null) deps.onProgress?.(progress);
      },
    });
    const blob = await deps.blobs.putFile(context, job.outputPath);
    const losses = await deps.blobs.putFile(context, job.lossesPath);
    return { ...fitted, hash: blob.hash, bytes: blob.size, rowLosses: losses.hash };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Columns beside features, label and time that take few values: metadata one wants to see quality by; and those that are sensitive. */
function sliceColumns({ contract, featureColumns, labelColumn, timeColumn }: DatasetDetail): string[] {
  return contract.columns
    .filter(({ name, sensitive }) => ![labelColumn, timeColumn].includes(name) && (sensitive === true || !featureColumns.includes(name)))
    .filter(({ type, values, sensitive }) => values !== null || type === "boolean" || sensitive === true)
    .map(({ name }) => name);
}
