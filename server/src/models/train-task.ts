import { writeFile } from "node:fs/promises";
import type { RunMetrics, RunProgress } from "@millrace/contract";
import { serveTask } from "../core/index.ts";
import { createLakeInTask, type LakeRow } from "../storage/index.ts";
import { checkHeldBack, checkRows } from "./check-rows.ts";
import { compareBaselines } from "./compare-baselines.ts";
import { evaluateRows } from "./evaluate-rows.ts";
import { evaluateValues } from "./evaluate-values.ts";
import type { FittedModel, TrainJob } from "./fit-model.ts";
import { measureImportances } from "./measure-importances.ts";
import { readColumn } from "./read-columns.ts";
import { type TrainedModel, type TrainingRows, findTrainer } from "./trainers/index.ts";

/** The trainer's part of the whole; before it rows are read, after it the model is measured. */
const [trainFrom, trainTo] = [0.05, 0.9];

// The task process that trains: a Parquet file in, an ONNX file out. No database, no keys.
serveTask(async (job: TrainJob, tell): Promise<Omit<FittedModel, "hash" | "bytes">> => {
  const progress = (fraction: number, stage: string) => tell({ stage, fraction } satisfies RunProgress);
  progress(0, "reading the dataset");
  // Rows without a label teach nothing and are left out.
  const rows = (await readRows(job)).filter((row) => row[job.labelColumn] !== null);
  const train = toTrainingRows(
    rows.filter((row) => row["_split"] === "train"),
    job,
  );
  const holdout = rows.filter((row) => row["_split"] === "holdout");
  checkRows(train, job.labelColumn);
  checkHeldBack(
    holdout.map((row) => String(row[job.labelColumn])),
    train,
    job.labelColumn,
  );
  const startedAt = performance.now();
  const trained = await findTrainer(job.trainer).train(train, job.parameters, {
    seed: job.seed,
    onProgress: (share, note) => progress(trainFrom + (trainTo - trainFrom) * share, note),
  });
  const trainSeconds = (performance.now() - startedAt) / 1000;
  progress(trainTo, `measuring on ${holdout.length} rows held back`);
  const metrics = await measure(trained, { train, holdout, job });
  await writeFile(job.outputPath, trained.onnx);
  progress(1, "storing the model");
  const signature = metrics.conformal === undefined ? trained.signature : { ...trained.signature, conformal: metrics.conformal };
  return { signature, facts: trained.facts, metrics, trainSeconds };
});

async function measure(
  trained: TrainedModel,
  { train, holdout, job }: { train: TrainingRows; holdout: readonly LakeRow[]; job: TrainJob },
): Promise<RunMetrics> {
  const columns = toColumns(holdout, job);
  const truth = holdout.map((row) => String(row[job.labelColumn]));
  const slices = Object.fromEntries(job.sliceColumns.map((name) => [name, holdout.map((row) => row[name])]));
  const answers = trained.predict(columns);
  const metrics =
    train.task === "classification"
      ? evaluateRows({ labels: train.labels, truth, probabilities: answers, slices })
      : evaluateValues({ truth: truth.map(Number), predicted: answers.map(([value]) => value!), slices });
  const baselines = await compareBaselines(train, { columns, truth }, job.seed);
  const importances = measureImportances(trained, columns);
  return { ...metrics, baselines, ...(importances === undefined ? {} : { importances }) };
}

function readRows({ parquetPath, scratchFolder, columns, labelColumn, sliceColumns }: TrainJob): Promise<LakeRow[]> {
  const names = [...new Set([...columns.map(({ name }) => name), labelColumn, ...sliceColumns, "_split"])];
  return createLakeInTask({ scratchFolder }).readParquet(parquetPath, { columns: names });
}

function toColumns(rows: readonly LakeRow[], { columns }: TrainJob): TrainingRows["columns"] {
  return columns.map((column) =>
    readColumn(
      column,
      rows.map((row) => row[column.name]),
    ),
  );
}

function toTrainingRows(rows: readonly LakeRow[], job: TrainJob): TrainingRows {
  const { labelColumn, task } = job;
  const columns = toColumns(rows, job);
  if (task === "regression") {
    const target = Float64Array.from(rows, (row) => Number(row[labelColumn]));
    return { task, count: rows.length, columns, target, labels: [] };
  }
  const truth = rows.map((row) => String(row[labelColumn]));
  const labels = [...new Set(truth)].sort();
  const positions = new Map(labels.map((label, index) => [label, index]));
  return { task, count: rows.length, columns, target: Float64Array.from(truth, (label) => positions.get(label)!), labels };
}
