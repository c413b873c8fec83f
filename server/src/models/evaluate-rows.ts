import type { RunMetrics } from "@millrace/contract";
import { accuracy, confusionMatrix, expectedCalibrationError, labelScores, logLoss, wilson } from "../statistics/index.ts";

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
export function evaluateRows({ labels, truth, probabilities, slices }: EvaluatedRows): RunMetrics {
  const best = probabilities.map((row) => indexOfLargest(row));
  const predicted = best.map((index) => labels[index]!);
  const confusion = confusionMatrix(truth, predicted, [...new Set([...labels, ...truth])].sort());
  const right = predicted.map((label, row) => label === truth[row]);
  // A label that was not among the training rows has probability 0.
  const positions = new Map(labels.map((label, index) => [label, index]));
  const trueProbabilities = probabilities.map((row, index) => row[positions.get(truth[index]!) ?? -1] ?? 0);
  return {
    accuracy: accuracy(truth, predicted),
    ece: expectedCalibrationError(
      probabilities.map((row, index) => row[best[index]!]!),
      right,
    ),
    logLoss: logLoss(trueProbabilities),
    slices: [
      ...labelScores(confusion).flatMap(({ label, recall, precision }) => [
        { slice: `label=${label}`, metric: "recall", estimate: recall },
        { slice: `label=${label}`, metric: "precision", estimate: precision },
      ]),
      ...Object.entries(slices).flatMap(([column, values]) => sliceAccuracies(column, values, right)),
    ],
    confusion,
  };
}

function sliceAccuracies(column: string, values: readonly unknown[], right: readonly boolean[]): RunMetrics["slices"] {
  const slices = Map.groupBy(right.keys(), (row) => String(values[row]));
  if (slices.size < 2 || slices.size > maxSliceValues) return [];
  return [...slices]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, rows]) => ({
      slice: `${column}=${value}`,
      metric: "accuracy",
      estimate: wilson(rows.filter((row) => right[row]).length, rows.length),
    }));
}

/** The first of the largest, as ONNX's ArgMax has it. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}
