import { writeFile } from "node:fs/promises";
import type { LearningPoint } from "@millrace/contract";
import { serveTask } from "../../core/index.ts";
import { checkRows } from "../check-rows.ts";
import { readRows, toTrainingRows } from "../read-training-rows.ts";
import { encodeLosses } from "../row-losses.ts";
import { type ExperimentJob, type TrialMeasures, measureCurve, measureTrial } from "./measure-trial.ts";
import { cutFolds } from "./cut-folds.ts";

// The task process of a trial: a Parquet file in, figures and the losses of the measured rows out. No database, no keys.
serveTask(async (job: ExperimentJob): Promise<TrialMeasures | LearningPoint[]> => {
  const { folds, labelColumn } = job;
  const rows = (await readRows(job, folds.group === null ? [] : [folds.group])).filter((row) => row["_split"] === "train");
  const training = { ...toTrainingRows(rows, job), task: job.task };
  checkRows(training, labelColumn);
  const cut = cutFolds(training, { ...folds, groups: folds.group === null ? null : rows.map((row) => row[folds.group!]), seed: job.seed });
  if (job.curve !== null) return measureCurve(training, cut, { ...job, curve: job.curve });
  const { losses, ...measures } = await measureTrial(training, cut, job);
  if (losses !== null) await writeFile(job.lossesPath, encodeLosses(losses));
  return measures;
});
