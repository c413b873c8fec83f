import { writeFile } from "node:fs/promises";
import type { RunProgress } from "@millrace/contract";
import { serveTask } from "../core/index.ts";
import { checkHeldBack, checkRows } from "./check-rows.ts";
import type { FittedModel, TrainJob } from "./fit-model.ts";
import { measureModel } from "./measure-model.ts";
import { readRows, toTrainingRows } from "./read-training-rows.ts";
import { findTrainer } from "./trainers/index.ts";

/** The trainer's part of the whole; before it rows are read, after it the model is measured. */
const [trainFrom, trainTo] = [0.05, 0.9];

// The task process that trains: a Parquet file in, an ONNX file out. No database, no keys.
serveTask(async (job: TrainJob, tell): Promise<Omit<FittedModel, "hash" | "bytes" | "rowLosses">> => {
  const progress = (fraction: number, stage: string) => tell({ stage, fraction } satisfies RunProgress);
  progress(0, "reading the dataset");
  const rows = await readRows(job, [...job.sliceColumns, ...job.sensitiveColumns]);
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
  const metrics = await measureModel(trained, { train, holdout, job });
  await writeFile(job.outputPath, trained.onnx);
  progress(1, "storing the model");
  const signature = metrics.conformal === undefined ? trained.signature : { ...trained.signature, conformal: metrics.conformal };
  return { signature, facts: trained.facts, metrics, trainSeconds };
});
