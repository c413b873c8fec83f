import {
  accuracy,
  averagePrecision,
  brier,
  cohenKappa,
  confusionMatrix,
  expectedCalibrationError,
  fairness,
  findSlices,
  labelScores,
  mean,
  meanEstimate,
  rocAuc,
} from "../../statistics/index.ts";
import { compareCalibrations, measureSets } from "./calibrate.ts";
import { compareThresholds } from "./choose-threshold.ts";
import { columnsOf } from "./columns.ts";
import { fromEstimate, plain } from "./metric.ts";
import { type Answers, readAnswers } from "./read-answers.ts";
import type { Prediction } from "./read-predictions.ts";
import type { Metric, ScoreOptions, ScoreReport } from "./types.ts";

/** Everything that can be said of a classifier's answers. */
export function scoreClassification(rows: readonly Prediction<"classification">[], options: ScoreOptions): ScoreReport {
  const answers = readAnswers(rows, options.positive);
  const { labels, probabilities, predicted, positive } = answers;
  const truth = rows.map((row) => row.truth);
  const confusion = confusionMatrix(truth, predicted, labels);
  const places = truth.map((label) => labels.indexOf(label));
  const byLabel = labelScores(confusion);
  const groups = rows.map(({ group }) => group ?? "none given");
  return {
    task: "classification",
    rows: rows.length,
    metrics: [
      fromEstimate("accuracy", accuracy(truth, predicted)),
      plain("Cohen's kappa", cohenKappa(truth, predicted, { labels }), rows.length),
      plain("macro F1", mean(byLabel.map(({ f1 }) => f1)), rows.length),
      ...byLabel
        .filter(({ label }) => labels.length > 2 || label === positive)
        .flatMap(({ label, precision, recall, f1 }) => [
          fromEstimate(`precision of ${label}`, precision),
          fromEstimate(`recall of ${label}`, recall),
          plain(`F1 of ${label}`, f1, rows.length),
        ]),
      ...(probabilities === null ? [] : ofProbabilities({ ...answers, probabilities }, truth)),
    ],
    calibration: probabilities === null ? [] : compareCalibrations(probabilities, places),
    conformal: probabilities === null ? null : measureSets(probabilities, places, options.coverage),
    thresholds:
      options.costs === undefined || probabilities === null || positive === null
        ? null
        : compareThresholds(
            probabilities.map((row) => row[labels.indexOf(positive)]!),
            truth.map((label) => label === positive),
            options.costs,
          ),
    fairness:
      positive === null || rows.every(({ group }) => group === undefined)
        ? null
        : {
            positive,
            ...fairness(
              groups,
              predicted.map((label) => label === positive),
              truth.map((label) => label === positive),
            ),
          },
    slices: slicesOf(
      rows,
      truth.map((label, row) => (label === predicted[row] ? 0 : 1)),
    ),
    confusion,
  };
}

function slicesOf(rows: readonly Prediction<"classification">[], losses: readonly number[]): ScoreReport["slices"] {
  const { slices, looked } = findSlices(losses, columnsOf(rows));
  return { looked, found: slices };
}

function ofProbabilities(
  { labels, probabilities, positive, predicted }: Answers & { probabilities: number[][] },
  truth: readonly string[],
): Metric[] {
  const n = truth.length;
  const curves = labels
    .filter((label) => positive === null || label === positive)
    .map((label) => {
      const scores = probabilities.map((row) => row[labels.indexOf(label)]!);
      const is = truth.map((each) => each === label);
      return { label, auc: rocAuc(scores, is), precision: averagePrecision(scores, is) };
    });
  const known = curves.filter(({ auc }) => Number.isFinite(auc.value));
  const one = curves.length === 1;
  const top = probabilities.map((row) => Math.max(...row));
  return [
    ...(one ? [] : [plain("ROC AUC, mean of one against the rest", mean(known.map(({ auc }) => auc.value)), n)]),
    ...(one ? [] : [plain("average precision, mean of one against the rest", mean(known.map(({ precision }) => precision.value)), n)]),
    ...curves.flatMap(({ label, auc, precision }) => [
      fromEstimate(`ROC AUC of ${label}`, auc),
      fromEstimate(`average precision of ${label}`, precision),
    ]),
    fromEstimate(
      "log loss",
      meanEstimate(truth.map((label, row) => -Math.log(Math.min(1, Math.max(probabilities[row]![labels.indexOf(label)]!, 1e-15))))),
    ),
    fromEstimate(
      labels.length === 2 ? "Brier score" : "Brier score, sum over labels",
      brier(
        probabilities,
        truth.map((label) => labels.indexOf(label)),
      ),
    ),
    plain(
      "calibration error (15 bins, top label)",
      expectedCalibrationError(
        top,
        predicted.map((label, row) => label === truth[row]),
      ),
      n,
    ),
  ];
}
