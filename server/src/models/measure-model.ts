import { writeFile } from "node:fs/promises";
import type { RunMetrics } from "@millrace/contract";
import type { LakeRow } from "../storage/index.ts";
import { compareBaselines } from "./compare-baselines.ts";
import { evaluateRows, indexOfLargest } from "./evaluate-rows.ts";
import { evaluateValues } from "./evaluate-values.ts";
import { findWeakSlices } from "./find-weak-slices.ts";
import type { TrainJob } from "./fit-model.ts";
import { measureFairness } from "./measure-fairness.ts";
import { measureImportances } from "./measure-importances.ts";
import { toTrainingRows } from "./read-training-rows.ts";
import { encodeLosses, measureRows } from "./row-losses.ts";
import type { TrainedModel, TrainingRows } from "./trainers/index.ts";

export interface Measuring {
  readonly train: TrainingRows;
  readonly holdout: readonly LakeRow[];
  readonly job: TrainJob;
}

/** Everything that is said of a model from the rows held back; leaves the losses of each row in the job's file. */
export async function measureModel(trained: TrainedModel, { train, holdout, job }: Measuring): Promise<RunMetrics> {
  const held = toTrainingRows(holdout, job);
  const truth = holdout.map((row) => String(row[job.labelColumn]));
  const answers = trained.predict(held.columns);
  await writeFile(job.lossesPath, encodeLosses(measureRows({ ...held, task: job.task }, train.labels, answers)));
  const read = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, holdout.map((row) => row[name])]));
  const slices = read(job.sliceColumns);
  const columns = { ...read(job.columns.map(({ name }) => name)), ...slices };
  const importances = measureImportances(trained, held.columns);
  const common = {
    baselines: await compareBaselines(train, { columns: held.columns, truth }, job.seed),
    ...(importances === undefined ? {} : { importances }),
  };
  if (train.task !== "classification") {
    const predicted = answers.map(([value]) => value!);
    const losses = truth.map((value, row) => Math.abs(predicted[row]! - Number(value)));
    const metrics = evaluateValues({ truth: truth.map(Number), predicted, slices });
    return { ...metrics, ...common, weakSlices: findWeakSlices({ losses, columns }, "mae") };
  }
  const { labels } = train;
  const predicted = answers.map((row) => labels[indexOfLargest(row)]!);
  const losses = truth.map((label, row) => (label === predicted[row] ? 0 : 1));
  const gaps = measureFairness({ labels, truth, predicted, sensitive: read(job.sensitiveColumns) });
  return {
    ...evaluateRows({ labels, truth, probabilities: answers, slices }),
    ...common,
    weakSlices: findWeakSlices({ losses, columns }, "error"),
    ...(job.sensitiveColumns.length === 0 ? {} : { fairness: gaps }),
  };
}
