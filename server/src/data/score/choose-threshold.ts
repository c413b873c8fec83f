import { type Estimate, meanEstimate } from "../../statistics/index.ts";
import { crossHalves } from "./halves.ts";

/** What a wrong answer costs its owner; a right one costs nothing. */
export interface Costs {
  readonly falsePositive: number;
  readonly falseNegative: number;
}

export interface ThresholdScore {
  /** The probability of the positive label from which on it is answered. */
  readonly threshold: number;
  /** Mean cost of a row. */
  readonly cost: Estimate;
}

export interface ThresholdScores {
  readonly costs: Costs;
  /** At 0.5, whatever the costs. */
  readonly half: ThresholdScore;
  /** At falsePositive / (falsePositive + falseNegative): right for a probability that keeps its word (Elkan 2001). */
  readonly byCosts: ThresholdScore;
  /** The cheapest over all rows; its cost is that of thresholds chosen on one half and measured on the other. Null with few rows. */
  readonly chosen: ThresholdScore | null;
}

/** Where to draw the line, given what each error costs (cost-sensitive decisions: Elkan 2001). `scores[row]`: probability of the positive label. */
export function compareThresholds(scores: readonly number[], positive: readonly boolean[], costs: Costs): ThresholdScores {
  const costOf = (row: number, threshold: number) => {
    if (scores[row]! >= threshold) return positive[row] ? 0 : costs.falsePositive;
    return positive[row] ? costs.falseNegative : 0;
  };
  const at = (threshold: number): ThresholdScore => ({ threshold, cost: meanEstimate(scores.map((_, row) => costOf(row, threshold))) });
  const halves = crossHalves(scores.length);
  const all = [...scores.keys()];
  const measured =
    halves?.flatMap(({ learn, measure }) => {
      const threshold = cheapest(learn, { scores, positive, costs });
      return measure.map((row) => costOf(row, threshold));
    }) ?? null;
  return {
    costs,
    half: at(0.5),
    byCosts: at(costs.falsePositive / (costs.falsePositive + costs.falseNegative)),
    chosen: measured === null ? null : { threshold: cheapest(all, { scores, positive, costs }), cost: meanEstimate(measured) },
  };
}

/** The threshold of least total cost over some rows, in the middle between the two scores it lies between; above 1 it answers no row. */
function cheapest(
  rows: readonly number[],
  { scores, positive, costs }: { scores: readonly number[]; positive: readonly boolean[]; costs: Costs },
): number {
  const order = rows.toSorted((a, b) => scores[b]! - scores[a]!);
  // Lowering the line by one row turns a missed positive into a found one, or a negative into a false alarm.
  let cost = 0;
  let [best, threshold] = [0, 1 + 1e-9];
  for (const [index, row] of order.entries()) {
    cost += positive[row] ? -costs.falseNegative : costs.falsePositive;
    const next = order[index + 1];
    if (next !== undefined && scores[next] === scores[row]) continue;
    if (cost < best) [best, threshold] = [cost, next === undefined ? 0 : (scores[row]! + scores[next]!) / 2];
  }
  return threshold;
}
