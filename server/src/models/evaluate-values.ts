import type { RegressionMetrics } from "@millrace/contract";
import { type Estimate, mean, meanEstimate, regressionScores } from "../statistics/index.ts";
import { type EvaluatedRows, cutSlices } from "./evaluate-rows.ts";
import { promiseCoverage } from "./promise-coverage.ts";

export interface EvaluatedValues extends Pick<EvaluatedRows, "slices"> {
  readonly truth: readonly number[];
  readonly predicted: readonly number[];
}

/** Errors of numbers predicted for two rows or more that the model did not train on, overall and by slice, with 95% intervals. */
export function evaluateValues({ truth, predicted, slices }: EvaluatedValues): RegressionMetrics {
  const { mae, rmse } = regressionScores(truth, predicted);
  return {
    task: "regression",
    mae,
    rmse,
    r2: explained(truth, predicted),
    ...promiseCoverage(truth.map((value, row) => Math.abs(predicted[row]! - value))),
    // A slice of one row has no interval, and what has none is not told.
    slices: cutSlices(slices, "mae", (rows) => meanEstimate(rows.map((row) => Math.abs(predicted[row]! - truth[row]!)))).filter(
      ({ estimate }) => estimate.n > 1,
    ),
  };
}

/** 1 - (mean squared error) / (variance of the truth), its interval by the delta method for a ratio of two means. */
function explained(truth: readonly number[], predicted: readonly number[]): Estimate | null {
  const centre = mean(truth);
  const variance = mean(truth.map((value) => (value - centre) ** 2));
  if (variance === 0) return null;
  const ratio = mean(truth.map((value, row) => (predicted[row]! - value) ** 2)) / variance;
  const influence = meanEstimate(truth.map((value, row) => ((predicted[row]! - value) ** 2 - ratio * (value - centre) ** 2) / variance));
  const spread = influence.high - influence.value;
  return { value: 1 - ratio, low: 1 - ratio - spread, high: Math.min(1, 1 - ratio + spread), n: truth.length };
}
