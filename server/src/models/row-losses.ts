import type { ExperimentMetric } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import { type Estimate, countPairs, mean, meanEstimate, pairedDifference, wilson } from "../statistics/index.ts";
import { indexOfLargest } from "./evaluate-rows.ts";
import type { TrainingRows } from "./trainers/index.ts";

/** What each row cost, in two measures. Classification: 1 when wrong, and -log of the true label's probability; regression: squared and absolute error. */
export type RowLosses = readonly [Float64Array, Float64Array];

/** Metrics of each task, in the order of their losses; the first is what a search goes by unless told otherwise. */
const metricsOf = { classification: ["accuracy", "logLoss"], regression: ["rmse", "mae"] } as const;
/** `log_loss` of scikit-learn clips alike. */
const leastProbability = 1e-15;

export type LossTask = keyof typeof metricsOf;

export function metricNames(task: LossTask): readonly ExperimentMetric[] {
  return metricsOf[task];
}

/** `invalid_request` when the metric is not of the task. */
export function checkMetric(metric: ExperimentMetric, task: LossTask): void {
  if (metricNames(task).includes(metric)) return;
  throw new AppError("invalid_request", `The metric ${metric} is not of ${task}. Those of it: ${metricsOf[task].join(", ")}.`);
}

/** `answers`: probabilities in the order of `labels`, or the one value; one a row of `rows`, whose labels may be others. */
export function measureRows(
  { task, target, labels: names }: Pick<TrainingRows, "target" | "labels"> & { readonly task: LossTask },
  labels: readonly string[],
  answers: readonly ArrayLike<number>[],
): RowLosses {
  if (task === "regression") {
    const errors = answers.map((answer, row) => answer[0]! - target[row]!);
    return [Float64Array.from(errors, (error) => error * error), Float64Array.from(errors, Math.abs)];
  }
  const positions = target.map((label) => labels.indexOf(names[label]!));
  return [
    Float64Array.from(answers, (answer, row) => (indexOfLargest(answer) === positions[row] ? 0 : 1)),
    Float64Array.from(answers, (answer, row) => -Math.log(Math.min(1, Math.max(leastProbability, answer[positions[row]!] ?? 0)))),
  ];
}

function lossOf(metric: ExperimentMetric, losses: RowLosses): Float64Array {
  return losses[metric === "accuracy" || metric === "rmse" ? 0 : 1];
}

/** What a search makes small: the mean loss behind the metric, over all rows. */
export function meanLoss(metric: ExperimentMetric, losses: RowLosses): number {
  return mean(lossOf(metric, losses));
}

/** The metric over the rows with its 95% interval: Wilson's of a share, a normal one of a mean (of its root for `rmse`). */
export function estimateMetric(metric: ExperimentMetric, losses: RowLosses): Estimate {
  const values = [...lossOf(metric, losses)];
  if (metric === "accuracy") return wilson(values.filter((wrong) => wrong === 0).length, values.length);
  const { value, low, high, n } = meanEstimate(values);
  if (metric !== "rmse") return { value, low: Math.max(0, low), high, n };
  return { value: Math.sqrt(value), low: Math.sqrt(Math.max(0, low)), high: Math.sqrt(high), n };
}

/**
 * First minus second on the same rows, in the metric's unit, with its 95% interval: Agresti and Min's of two shares
 * (`pairedDifference`), a normal one of the mean of the rows' differences; for `rmse` by the delta method.
 */
export function compareLosses(metric: ExperimentMetric, first: RowLosses, second: RowLosses): Estimate {
  const [a, b] = [lossOf(metric, first), lossOf(metric, second)];
  if (metric === "accuracy") {
    return pairedDifference(
      countPairs(
        Array.from(a, (wrong) => wrong === 0),
        Array.from(b, (wrong) => wrong === 0),
      ),
    );
  }
  if (metric !== "rmse") return meanEstimate(Array.from(a, (loss, row) => loss - b[row]!));
  const [rootA, rootB] = [Math.sqrt(mean(a)), Math.sqrt(mean(b))];
  // d sqrt(m) = dm / (2 sqrt(m)); a model without error has nothing to vary.
  const share = (loss: number, root: number) => (root === 0 ? 0 : loss / (2 * root));
  const influence = meanEstimate(Array.from(a, (loss, row) => share(loss, rootA) - share(b[row]!, rootB)));
  const spread = influence.high - influence.value;
  return { value: rootA - rootB, low: rootA - rootB - spread, high: rootA - rootB + spread, n: a.length };
}

/** Which of two is better by the interval of `compareLosses`; null when it holds zero. */
export function betterOf(metric: ExperimentMetric, { low, high }: Pick<Estimate, "low" | "high">): "first" | "second" | null {
  if (low <= 0 && high >= 0) return null;
  return low > 0 === (metric === "accuracy") ? "first" : "second";
}

/** Both losses one after the other, as 32-bit floats. */
export function encodeLosses([first, second]: RowLosses): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * (first.length + second.length)));
  for (const [index, loss] of [...first, ...second].entries()) bytes.setFloat32(4 * index, loss, true);
  return new Uint8Array(bytes.buffer);
}

export function decodeLosses(bytes: Uint8Array): RowLosses {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = Float64Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
  return [all.slice(0, all.length / 2), all.slice(all.length / 2)];
}
