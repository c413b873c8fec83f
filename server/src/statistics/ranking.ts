import { normalQuantile } from "./distributions.ts";
import type { Estimate } from "./intervals.ts";

/** Row numbers by falling score. */
function byScore(scores: readonly number[]): number[] {
  return Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
}

/** Runs of equal score, highest first: the rows of each. */
function* tiedGroups(scores: readonly number[]): Generator<number[]> {
  const order = byScore(scores);
  let start = 0;
  for (let end = 1; end <= order.length; end++) {
    if (end < order.length && scores[order[end]!] === scores[order[start]!]) continue;
    yield order.slice(start, end);
    start = end;
  }
}

/**
 * Area under the ROC curve, ties counted half (scikit-learn's `roc_auc_score`), with DeLong's interval (DeLong, DeLong and
 * Clarke-Pearson 1988; placements by one sort, Sun and Xu 2014), cut to [0, 1]. NaN where one of the two classes has no row.
 */
export function rocAuc(scores: readonly number[], positive: readonly boolean[]): Estimate {
  const positives = positive.filter(Boolean).length;
  const negatives = scores.length - positives;
  const n = scores.length;
  if (positives === 0 || negatives === 0) return { value: Number.NaN, low: 0, high: 1, n };
  // Of each row the share of the other class that it stands right of (a positive above, a negative below).
  const placements: { positive: number[]; negative: number[] } = { positive: [], negative: [] };
  let positivesAbove = 0;
  let negativesAbove = 0;
  for (const rows of tiedGroups(scores)) {
    const hits = rows.filter((row) => positive[row]).length;
    const misses = rows.length - hits;
    const forPositive = (negatives - negativesAbove - misses / 2) / negatives;
    const forNegative = (positivesAbove + hits / 2) / positives;
    for (const row of rows) (positive[row] ? placements.positive : placements.negative).push(positive[row] ? forPositive : forNegative);
    positivesAbove += hits;
    negativesAbove += misses;
  }
  const value = placements.positive.reduce((sum, share) => sum + share, 0) / positives;
  const spread = (shares: readonly number[]) =>
    shares.length < 2 ? 0.25 : shares.reduce((sum, share) => sum + (share - value) ** 2, 0) / (shares.length - 1);
  const error = Math.sqrt(spread(placements.positive) / positives + spread(placements.negative) / negatives);
  // A perfect order has no spread; the rule of three over the smaller class says what it could still hide.
  const width = error === 0 ? 3 / Math.min(positives, negatives) : normalQuantile(0.975) * error;
  return { value, low: Math.max(0, value - width), high: Math.min(1, value + width), n };
}

/**
 * Average precision, the area under the precision-recall curve by steps: sum over falling thresholds of (R_i - R_(i-1)) P_i, equal
 * scores one threshold (scikit-learn's `average_precision_score`). The interval is the logit one of Boyd, Eng and Page 2013
 * with the number of positives as its size. NaN without a positive.
 */
export function averagePrecision(scores: readonly number[], positive: readonly boolean[]): Estimate {
  const positives = positive.filter(Boolean).length;
  const n = scores.length;
  if (positives === 0) return { value: Number.NaN, low: 0, high: 1, n };
  let value = 0;
  let found = 0;
  let seen = 0;
  for (const rows of tiedGroups(scores)) {
    const hits = rows.filter((row) => positive[row]).length;
    found += hits;
    seen += rows.length;
    value += (hits / positives) * (found / seen);
  }
  // The logit interval has no width at 1: where none was missed, the rule of three bounds what could be.
  if (value >= 1) return { value: 1, low: Math.max(0, 1 - 3 / positives), high: 1, n };
  const logit = Math.log(value / (1 - value));
  const spread = normalQuantile(0.975) / Math.sqrt(positives * value * (1 - value));
  const back = (x: number) => 1 / (1 + Math.exp(-x));
  return { value, low: back(logit - spread), high: back(logit + spread), n };
}

export interface GainOptions {
  /** Only the first `at` places count; all when absent. */
  readonly at?: number;
  /** `linear`: the relevance itself (scikit-learn); `exponential`: 2^relevance - 1 (Burges et al. 2005, LightGBM, XGBoost). */
  readonly gain: "linear" | "exponential";
}

/**
 * Normalised discounted cumulative gain of one query, discount log2(place + 1); places of equal score share their discounts
 * evenly (McSherry and Najork 2008, as scikit-learn's `ndcg_score`). NaN when no row is relevant.
 */
export function ndcg(relevance: readonly number[], scores: readonly number[], { at, gain }: GainOptions): number {
  const gains = relevance.map((value) => (gain === "linear" ? value : 2 ** value - 1));
  const places = Math.min(at ?? relevance.length, relevance.length);
  const discount = (place: number) => (place < places ? 1 / Math.log2(place + 2) : 0);
  const ideal = gains.toSorted((a, b) => b - a).reduce((sum, value, place) => sum + value * discount(place), 0);
  if (ideal === 0) return Number.NaN;
  let reached = 0;
  let place = 0;
  for (const rows of tiedGroups(scores)) {
    let discounts = 0;
    for (let step = 0; step < rows.length; step++) discounts += discount(place + step);
    reached += (rows.reduce((sum, row) => sum + gains[row]!, 0) / rows.length) * discounts;
    place += rows.length;
  }
  return reached / ideal;
}
