import type { ClassificationMetrics } from "@millrace/contract";
import {
  type Estimate,
  accuracy,
  confusionMatrix,
  expectedCalibrationError,
  labelScores,
  logLoss,
  rocAuc,
  wilson,
} from "../statistics/index.ts";
import { promiseCoverage } from "./promise-coverage.ts";

export interface EvaluatedRows {
  /** Labels the model knows, in the order of `probabilities`. */
  readonly labels: readonly string[];
  readonly truth: readonly string[];
  readonly probabilities: readonly ArrayLike<number>[];
  /** Columns whose values cut the rows into slices. */
  readonly slices: Readonly<Record<string, readonly unknown[]>>;
}

/** A column with more values than this is no slice. */
const maxSliceValues = 20;

/** Accuracy, calibration and confusion of rows the model did not train on, overall and by slice, with 95% intervals. */
export function evaluateRows({ labels, truth, probabilities, slices }: EvaluatedRows): ClassificationMetrics {
  const best = probabilities.map((row) => indexOfLargest(row));
  const predicted = best.map((index) => labels[index]!);
  const confusion = confusionMatrix(truth, predicted, [...new Set([...labels, ...truth])].sort());
  const right = predicted.map((label, row) => label === truth[row]);
  // A label that was not among the training rows has probability 0.
  const positions = new Map(labels.map((label, index) => [label, index]));
  const trueProbabilities = probabilities.map((row, index) => row[positions.get(truth[index]!) ?? -1] ?? 0);
  const auc =
    labels.length === 2
      ? rocAuc(
          probabilities.map((row) => row[1]!),
          truth.map((label) => label === labels[1]),
        )
      : null;
  return {
    task: "classification",
    accuracy: accuracy(truth, predicted),
    ...(auc === null || ![auc.value, auc.low, auc.high].every(Number.isFinite) ? {} : { auc }),
    ece: expectedCalibrationError(
      probabilities.map((row, index) => row[best[index]!]!),
      right,
    ),
    logLoss: logLoss(trueProbabilities),
    ...promiseCoverage(trueProbabilities.map((probability) => 1 - probability)),
    slices: [
      ...labelScores(confusion).flatMap(({ label, recall, precision }) => [
        { slice: `label=${label}`, metric: "recall", estimate: recall },
        { slice: `label=${label}`, metric: "precision", estimate: precision },
      ]),
      ...cutSlices(slices, "accuracy", (rows) => wilson(rows.filter((row) => right[row]).length, rows.length)),
    ],
    confusion,
  };
}

/** A measure by the values of each column that takes few. */
export function cutSlices(
  slices: EvaluatedRows["slices"],
  metric: string,
  measure: (rows: readonly number[]) => Estimate,
): ClassificationMetrics["slices"] {
  return Object.entries(slices).flatMap(([column, values]) => {
    const groups = Map.groupBy(values.keys(), (row) => String(values[row]));
    if (groups.size < 2 || groups.size > maxSliceValues) return [];
    return [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([value, rows]) => ({ slice: `${column}=${value}`, metric, estimate: measure(rows) }));
  });
}

/** The first of the largest, as ONNX's ArgMax has it. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}
