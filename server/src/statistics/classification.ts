import { type Estimate, wilson } from "./intervals.ts";
import { meanEstimate } from "./regression.ts";

/** Rows: the true label; columns: the predicted one. */
export interface ConfusionMatrix {
  readonly labels: string[];
  readonly counts: number[][];
}

export function confusionMatrix(
  truth: readonly string[],
  predicted: readonly string[],
  labels: readonly string[] = [...new Set([...truth, ...predicted])].sort(),
): ConfusionMatrix {
  const index = new Map(labels.map((label, position) => [label, position]));
  const counts = labels.map(() => new Array<number>(labels.length).fill(0));
  for (let row = 0; row < truth.length; row++) {
    const [from, to] = [index.get(truth[row]!), index.get(predicted[row]!)];
    if (from !== undefined && to !== undefined) counts[from]![to]! += 1;
  }
  return { labels: [...labels], counts };
}

export function accuracy(truth: readonly string[], predicted: readonly string[]): Estimate {
  return wilson(truth.filter((label, row) => label === predicted[row]).length, truth.length);
}

export interface LabelScores {
  readonly label: string;
  /** Of those predicted so, the share that is. */
  readonly precision: Estimate;
  /** Of those that are, the share predicted so. */
  readonly recall: Estimate;
  readonly f1: number;
}

/** Precision and recall with Wilson intervals, and F1, for each label. F1 is 0 where undefined, as scikit-learn has it. */
export function labelScores(matrix: ConfusionMatrix): LabelScores[] {
  return matrix.labels.map((label, position) => {
    const right = matrix.counts[position]![position]!;
    const actual = matrix.counts[position]!.reduce((sum, count) => sum + count, 0);
    const called = matrix.counts.reduce((sum, row) => sum + row[position]!, 0);
    return {
      label,
      precision: wilson(right, called),
      recall: wilson(right, actual),
      f1: actual + called === 0 ? 0 : (2 * right) / (actual + called),
    };
  });
}

/** Mean negative log probability of the true label, probabilities clipped to [1e-15, 1] (scikit-learn's `log_loss`). */
export function logLoss(trueProbabilities: readonly number[]): number {
  return -trueProbabilities.reduce((sum, p) => sum + Math.log(Math.min(1, Math.max(p, 1e-15))), 0) / Math.max(1, trueProbabilities.length);
}

/**
 * Expected calibration error, top label: equal-width bins (lower edge open), sum over bins of n_b / n |accuracy - mean
 * confidence| (Naeini et al. 2015; Guo et al. 2017 use 15 bins).
 */
export function expectedCalibrationError(confidence: readonly number[], right: readonly boolean[], bins: number = 15): number {
  const count = new Array<number>(bins).fill(0);
  const hits = new Array<number>(bins).fill(0);
  const sums = new Array<number>(bins).fill(0);
  for (let row = 0; row < confidence.length; row++) {
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence[row]! * bins) - 1));
    count[bin]! += 1;
    hits[bin]! += right[row] ? 1 : 0;
    sums[bin]! += confidence[row]!;
  }
  return count.reduce((error, n, bin) => (n === 0 ? error : error + Math.abs(hits[bin]! - sums[bin]!) / confidence.length), 0);
}

/**
 * Brier score: mean over rows of the squared distances of the probabilities from the truth, summed over labels, in [0, 2] (Brier 1950); over two
 * labels half of it, the square of one, as is usual (scikit-learn's `brier_score_loss`). `truth[row]`: the place of the true label.
 */
export function brier(probabilities: readonly (readonly number[])[], truth: readonly number[]): Estimate {
  return meanEstimate(
    probabilities.map((row, index) => {
      const sum = row.reduce((total, p, label) => total + (p - (label === truth[index] ? 1 : 0)) ** 2, 0);
      return row.length === 2 ? sum / 2 : sum;
    }),
  );
}
