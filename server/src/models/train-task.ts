import { writeFile } from "node:fs/promises";
import type { RunProgress } from "@millrace/contract";
import { AppError, serveTask } from "../core/index.ts";
import { createLakeInTask, type LakeRow } from "../storage/index.ts";
import { evaluateRows } from "./evaluate-rows.ts";
import type { FittedModel, TrainJob } from "./fit-model.ts";
import { readColumn } from "./read-columns.ts";
import { type TrainingRows, findTrainer } from "./trainers/index.ts";

/** The trainer's part of the whole; before it rows are read, after it the model is measured. */
const [trainFrom, trainTo] = [0.05, 0.9];

// The task process that trains: a Parquet file in, an ONNX file out. No database, no keys.
serveTask(async (job: TrainJob, tell): Promise<Omit<FittedModel, "hash" | "bytes">> => {
  const progress = (fraction: number, stage: string) => tell({ stage, fraction } satisfies RunProgress);
  progress(0, "reading the dataset");
  const rows = await readRows(job);
  const train = toTrainingRows(
    rows.filter((row) => row["_split"] === "train" && row[job.labelColumn] !== null),
    job,
  );
  const holdout = rows.filter((row) => row["_split"] === "holdout" && row[job.labelColumn] !== null);
  if (holdout.length === 0)
    throw new AppError("training_failed", "The dataset has no labelled rows held back, so nothing could be said about the model.");
  const startedAt = performance.now();
  const trained = await findTrainer(job.trainer).train(train, job.parameters, {
    seed: job.seed,
    onProgress: (share, note) => progress(trainFrom + (trainTo - trainFrom) * share, note),
  });
  const trainSeconds = (performance.now() - startedAt) / 1000;
  progress(trainTo, `measuring on ${holdout.length} rows held back`);
  const metrics = evaluateRows({
    labels: trained.signature.labels,
    truth: holdout.map((row) => String(row[job.labelColumn])),
    probabilities: trained.predict(
      job.columns.map((column) =>
        readColumn(
          column,
          holdout.map((row) => row[column.name]),
        ),
      ),
    ),
    slices: Object.fromEntries(job.sliceColumns.map((name) => [name, holdout.map((row) => row[name])])),
  });
  await writeFile(job.outputPath, trained.onnx);
  progress(1, "storing the model");
  return { signature: trained.signature, facts: trained.facts, metrics, trainSeconds };
});

function readRows({ parquetPath, scratchFolder, columns, labelColumn, sliceColumns }: TrainJob): Promise<LakeRow[]> {
  const names = [...new Set([...columns.map(({ name }) => name), labelColumn, ...sliceColumns, "_split"])];
  return createLakeInTask({ scratchFolder }).readParquet(parquetPath, { columns: names });
}

function toTrainingRows(rows: readonly LakeRow[], { columns, labelColumn, task }: TrainJob): TrainingRows {
  const truth = rows.map((row) => String(row[labelColumn]));
  const labels = [...new Set(truth)].sort();
  const positions = new Map(labels.map((label, index) => [label, index]));
  return {
    task,
    count: rows.length,
    columns: columns.map((column) =>
      readColumn(
        column,
        rows.map((row) => row[column.name]),
      ),
    ),
    target: Float64Array.from(truth, (label) => positions.get(label)!),
    labels,
  };
}
