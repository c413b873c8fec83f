import { normalQuantile } from "./distributions.ts";
import type { Estimate } from "./intervals.ts";
import { mean } from "./quantiles.ts";

/** A mean with its interval by the normal distribution: 1.96 standard errors, the deviation over n - 1. One value has no interval. */
export function meanEstimate(values: readonly number[]): Estimate {
  const n = values.length;
  const value = mean(values);
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (n - 1);
  const spread = n < 2 ? Number.POSITIVE_INFINITY : normalQuantile(0.975) * Math.sqrt(variance / n);
  return { value, low: value - spread, high: value + spread, n };
}

export interface RegressionScores {
  /** Mean absolute error. */
  readonly mae: Estimate;
  /** Root of the mean squared error; its interval is the root of that of the mean square. */
  readonly rmse: Estimate;
  /** Mean of |error / truth| over rows whose truth is not 0 (n says how many). */
  readonly mape: Estimate;
  /** Share of the variance explained; negative when the mean of the truth does better. NaN when the truth does not vary. */
  readonly r2: number;
}

/** Errors of predicted numbers, in the unit of the truth; values as scikit-learn's metrics of the same names. */
export function regressionScores(truth: readonly number[], predicted: readonly number[]): RegressionScores {
  const errors = truth.map((value, row) => predicted[row]! - value);
  const square = meanEstimate(errors.map((error) => error * error));
  const centre = mean(truth);
  const variation = truth.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return {
    mae: meanEstimate(errors.map(Math.abs)),
    rmse: { value: Math.sqrt(square.value), low: Math.sqrt(Math.max(0, square.low)), high: Math.sqrt(square.high), n: square.n },
    mape: meanEstimate(errors.map((error, row) => Math.abs(error / truth[row]!)).filter((_, row) => truth[row] !== 0)),
    r2: variation === 0 ? Number.NaN : 1 - (square.value * square.n) / variation,
  };
}

/** Mean pinball loss of a predicted quantile in (0, 1) (Koenker and Bassett 1978; scikit-learn's `mean_pinball_loss`). */
export function pinballLoss(truth: readonly number[], predicted: readonly number[], quantile: number): Estimate {
  return meanEstimate(
    truth.map((value, row) => {
      const short = value - predicted[row]!;
      return short >= 0 ? quantile * short : (quantile - 1) * short;
    }),
  );
}
