import type { Estimate, FairnessGap, FoundSlice, GroupRates } from "../../statistics/index.ts";
import type { Costs, ThresholdScores } from "./choose-threshold.ts";

export type PredictionTask = "classification" | "regression" | "ranking";

export interface ScoreOptions {
  readonly task: PredictionTask;
  /** The label that is looked for. Without it: of two labels the later in the alphabet. */
  readonly positive?: string | undefined;
  /** Ranking: how many places count. */
  readonly at: number;
  /** Regression: the quantile the score stands for, for the pinball loss. */
  readonly quantile: number;
  /** The share of new rows that a set or a span of answers is to hold, for conformal prediction. */
  readonly coverage: number;
  /** Classification: what each error costs, for the choice of a threshold. */
  readonly costs?: Costs | undefined;
}

/** One figure. `low` and `high`, its 95% interval, are null for a figure that has none. */
export interface Metric {
  readonly name: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
}

export interface CalibrationScore {
  readonly method: "as given" | "temperature" | "isotonic";
  /** Expected calibration error: 15 equal-width bins, top label. */
  readonly ece: number;
  readonly logLoss: number;
}

export interface ConformalScore {
  readonly promised: number;
  /** Of rows that had no part in finding the bound, the share whose truth was in the set or the span. */
  readonly covered: Estimate;
  /** Mean number of labels in a set, or mean width of a span. */
  readonly size: number;
}

export interface ScoreReport {
  readonly task: PredictionTask;
  readonly rows: number;
  readonly metrics: Metric[];
  /** Each fitted on one half of the rows and measured on the other, both ways. Empty without probabilities, or with few rows. */
  readonly calibration: CalibrationScore[];
  readonly conformal: ConformalScore | null;
  /** Only where costs were told, and the answers are probabilities with a positive label. */
  readonly thresholds: ThresholdScores | null;
  readonly fairness: { readonly positive: string; readonly groups: GroupRates[]; readonly gaps: FairnessGap[] } | null;
  /** Worst first; the loss is the share of wrong answers, the absolute error, or 1 - NDCG of a query. */
  readonly slices: { readonly looked: number; readonly found: FoundSlice[] };
  readonly confusion: { readonly labels: string[]; readonly counts: number[][] } | null;
}
