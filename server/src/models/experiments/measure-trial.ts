import type { CreateExperiment, ExperimentMetric, LearningPoint, Trial } from "@millrace/contract";
import type { RowsToRead } from "../read-training-rows.ts";
import { type RowLosses, estimateMetric, meanLoss, measureRows, metricNames } from "../row-losses.ts";
import { type TrainedModel, type TrainingRows, findTrainer } from "../trainers/index.ts";
import type { FoldKind } from "./cut-folds.ts";
import { type Fold, takeShare } from "./folds.ts";
import { measureLatency } from "./measure-latency.ts";
import { selectRows } from "./select-rows.ts";

/** The job of the task process: files only. */
export interface ExperimentJob extends RowsToRead {
  readonly trainer: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly metric: ExperimentMetric;
  readonly folds: { readonly kind: FoldKind; readonly count: number; readonly group: string | null };
  /** Of the rows of each fold to train on. */
  readonly share: number;
  readonly limits: CreateExperiment["limits"];
  /** Where the losses of the measured rows go. */
  readonly lossesPath: string;
  /** Shares to measure in place of a trial. */
  readonly curve: readonly number[] | null;
}

export interface TrialMeasures extends Pick<Trial, "scores" | "folds"> {
  readonly bytes: number;
  readonly milliseconds: number | null;
  /** The mean loss behind the metric. */
  readonly loss: number;
  /** The limit it is over. */
  readonly over: string | null;
}

type Rows = TrainingRows & Pick<ExperimentJob, "task">;
type Trying = Pick<ExperimentJob, "trainer" | "parameters" | "seed" | "metric" | "share" | "limits" | "folds">;

/** Trains on each fold and measures on what it left out. Over a limit after the first fold, the others are not trained. */
export async function measureTrial(rows: Rows, folds: readonly Fold[], job: Trying): Promise<TrialMeasures & { losses: RowLosses | null }> {
  const parts: RowLosses[] = [];
  let bytes = 0;
  let milliseconds: number | null = null;
  let over: string | null = null;
  for (const [index, fold] of folds.entries()) {
    const held = selectRows(rows, fold.validation);
    const { trained } = await trainOn(rows, fold, job);
    bytes = Math.max(bytes, trained.onnx.byteLength);
    if (index === 0) milliseconds = await measureLatency(trained.onnx, held.columns);
    over = overLimit({ bytes, milliseconds }, job.limits);
    if (over !== null) break;
    parts.push(measureRows(held, trained.signature.labels, trained.predict(held.columns)));
  }
  if (over !== null) return { scores: [], folds: [], bytes, milliseconds, loss: 0, over, losses: null };
  const losses = joinLosses(parts);
  return {
    scores: metricNames(rows.task).map((metric) => ({ metric, estimate: estimateMetric(metric, losses) })),
    folds: parts.map((part) => estimateMetric(job.metric, part).value),
    bytes,
    milliseconds,
    loss: meanLoss(job.metric, losses),
    over: null,
    losses,
  };
}

/** The metric at growing shares of the rows, over all folds: on rows that were trained on, and on rows that were not. */
export async function measureCurve(
  rows: Rows,
  folds: readonly Fold[],
  job: Omit<Trying, "share"> & { readonly curve: readonly number[] },
): Promise<LearningPoint[]> {
  const points: LearningPoint[] = [];
  for (const share of job.curve) {
    const seen: RowLosses[] = [];
    const unseen: RowLosses[] = [];
    let count = 0;
    for (const fold of folds) {
      const held = selectRows(rows, fold.validation);
      const { trained, on } = await trainOn(rows, fold, { ...job, share });
      const { labels } = trained.signature;
      count += on.count / folds.length;
      seen.push(measureRows(on, labels, trained.predict(on.columns)));
      unseen.push(measureRows(held, labels, trained.predict(held.columns)));
    }
    points.push({
      share,
      rows: Math.round(count),
      training: estimateMetric(job.metric, joinLosses(seen)),
      validation: estimateMetric(job.metric, joinLosses(unseen)),
    });
  }
  return points;
}

async function trainOn(rows: Rows, { train }: Fold, job: Trying): Promise<{ trained: TrainedModel; on: Rows }> {
  const strata = rows.task === "classification" ? rows.target : new Float64Array(rows.count);
  const on = selectRows(rows, takeShare(train, job.share, { strata, byTime: job.folds.kind === "time", seed: job.seed }));
  const trained = await findTrainer(job.trainer).train(on, job.parameters, { seed: job.seed, onProgress: () => {} });
  return { trained, on };
}

function overLimit(
  { bytes, milliseconds }: { readonly bytes: number; readonly milliseconds: number | null },
  limits: CreateExperiment["limits"],
): string | null {
  if (limits.bytes !== undefined && bytes > limits.bytes) return `the model has ${bytes} bytes, more than the limit of ${limits.bytes}`;
  if (limits.milliseconds !== undefined && milliseconds !== null && milliseconds > limits.milliseconds)
    return `one row takes ${milliseconds.toFixed(3)} ms, more than the limit of ${limits.milliseconds}`;
  return null;
}

/** The folds one after the other: the same rows in the same order whatever was trained. */
function joinLosses(parts: readonly RowLosses[]): RowLosses {
  const join = (place: 0 | 1) => Float64Array.from(parts.flatMap((part) => [...part[place]]));
  return [join(0), join(1)];
}
