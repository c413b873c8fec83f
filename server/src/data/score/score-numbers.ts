import { averagePrecision, bootstrap, findSlices, meanEstimate, ndcg, pinballLoss, regressionScores } from "../../statistics/index.ts";
import { AppError } from "../../core/index.ts";
import { measureSpans } from "./calibrate.ts";
import { columnsOf } from "./columns.ts";
import { fromEstimate } from "./metric.ts";
import type { Prediction } from "./read-predictions.ts";
import type { ScoreOptions, ScoreReport } from "./types.ts";

const nothingElse = { calibration: [], conformal: null, thresholds: null, fairness: null, confusion: null } satisfies Partial<ScoreReport>;

export function scoreRegression(rows: readonly Prediction<"regression">[], options: ScoreOptions): ScoreReport {
  const truth = rows.map((row) => row.truth);
  const predicted = rows.map((row) => row.score);
  const { mae, rmse, mape, r2 } = regressionScores(truth, predicted);
  const errors = truth.map((value, row) => Math.abs(predicted[row]! - value));
  const at = (sample: readonly number[]) =>
    regressionScores(
      sample.map((row) => truth[row]!),
      sample.map((row) => predicted[row]!),
    ).r2;
  const explained = bootstrap([...truth.keys()], at, { seed: 1, resamples: rows.length > 20_000 ? 100 : 500 });
  const { slices, looked } = findSlices(errors, columnsOf(rows));
  return {
    ...nothingElse,
    task: "regression",
    rows: rows.length,
    metrics: [
      fromEstimate("mean absolute error", mae),
      fromEstimate("root mean squared error", rmse),
      fromEstimate("mean absolute percentage error (share; truth not 0)", mape),
      fromEstimate(`pinball loss at ${options.quantile}`, pinballLoss(truth, predicted, options.quantile)),
      fromEstimate("R squared", { ...explained, value: r2 }),
      fromEstimate("mean error (predicted - truth)", meanEstimate(truth.map((value, row) => predicted[row]! - value))),
    ],
    conformal: measureSpans(errors, options.coverage),
    slices: { looked, found: slices },
  };
}

/** Means over queries; a query without a relevant row says nothing and is left out (n tells how many are left). */
export function scoreRanking(rows: readonly Prediction<"ranking">[], options: ScoreOptions): ScoreReport {
  const queries = [...Map.groupBy(rows, ({ query }) => query).values()]
    .filter((found) => found.some(({ truth }) => truth > 0))
    .map((found) => ({
      found,
      truth: found.map(({ truth }) => truth),
      scores: found.map(({ score }) => score),
    }));
  if (queries.length === 0)
    throw new AppError("invalid_request", "No query has a relevant row (truth above 0), so no ranking can be scored.");
  const gains = (gain: "exponential" | "linear") => queries.map(({ truth, scores }) => ndcg(truth, scores, { at: options.at, gain }));
  const exponential = gains("exponential");
  // What is the same in every row of a query describes the query.
  const descriptions = queries.map(({ found }) => ({
    group: found.every(({ group }) => group === found[0]!.group) ? found[0]!.group : undefined,
    columns: Object.fromEntries(
      Object.entries(found[0]!.columns).filter(([name, value]) => found.every(({ columns }) => columns[name] === value)),
    ),
  }));
  const { slices, looked } = findSlices(
    exponential.map((value) => 1 - value),
    columnsOf(descriptions),
  );
  return {
    ...nothingElse,
    task: "ranking",
    rows: rows.length,
    metrics: [
      fromEstimate(`NDCG@${options.at} (gain 2^truth - 1)`, meanEstimate(exponential)),
      fromEstimate(`NDCG@${options.at} (gain truth)`, meanEstimate(gains("linear"))),
      fromEstimate(
        "mean average precision (truth above 0)",
        meanEstimate(
          queries.map(
            ({ truth, scores }) =>
              averagePrecision(
                scores,
                truth.map((value) => value > 0),
              ).value,
          ),
        ),
      ),
    ],
    slices: { looked, found: slices },
  };
}
