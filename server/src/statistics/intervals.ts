import { createRandom } from "../core/index.ts";
import { normalQuantile } from "./distributions.ts";
import { quantile } from "./quantiles.ts";

/** A value with its interval (95% unless told) and the rows behind it. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** Wilson's score interval for a share of `n` (Wilson 1927; Newcombe 1998, method 3). With n = 0: [0, 1] around 0. */
export function wilson(successes: number, n: number, confidence: number = 0.95): Estimate {
  if (n === 0) return { value: 0, low: 0, high: 1, n };
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const share = successes / n;
  const centre = share + (z * z) / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  const low = successes === 0 ? 0 : (centre - spread) / scale;
  const high = successes === n ? 1 : (centre + spread) / scale;
  return { value: share, low, high, n };
}

/** Rows on which two classifiers disagree in being right. */
export interface PairedCounts {
  readonly n: number;
  /** The first right, the second wrong. */
  readonly onlyFirst: number;
  /** The second right, the first wrong. */
  readonly onlySecond: number;
}

export function countPairs(firstRight: readonly boolean[], secondRight: readonly boolean[]): PairedCounts {
  let onlyFirst = 0;
  let onlySecond = 0;
  for (let index = 0; index < firstRight.length; index++) {
    if (firstRight[index] && !secondRight[index]) onlyFirst += 1;
    if (!firstRight[index] && secondRight[index]) onlySecond += 1;
  }
  return { n: firstRight.length, onlyFirst, onlySecond };
}

/**
 * First minus second accuracy on the same rows: Wald's interval after adding one half to each cell of the 2x2 table
 * (Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions"). `value` is unadjusted.
 */
export function pairedDifference(counts: PairedCounts, confidence: number = 0.95): Estimate {
  const { n, onlyFirst, onlySecond } = counts;
  if (n === 0) return { value: 0, low: -1, high: 1, n };
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const total = n + 2;
  const centre = (onlyFirst - onlySecond) / total;
  const variance = (onlyFirst + onlySecond + 1) / total - centre * centre;
  const spread = z * Math.sqrt(Math.max(0, variance) / total);
  return { value: (onlyFirst - onlySecond) / n, low: Math.max(-1, centre - spread), high: Math.min(1, centre + spread), n };
}

/**
 * Rows that would bring the half-width of `pairedDifference` down to `distance`, should the rates of disagreement stay as
 * they were seen (half a row is added to each count, so that no rate is zero). Infinity when the distance is 0.
 */
export function pairedRowsNeeded(counts: PairedCounts, distance: number, confidence: number = 0.95): number {
  if (distance <= 0) return Number.POSITIVE_INFINITY;
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const total = counts.n + 2;
  const difference = (counts.onlyFirst - counts.onlySecond) / total;
  const variance = (counts.onlyFirst + counts.onlySecond + 1) / total - difference * difference;
  return Math.ceil((z * z * variance) / (distance * distance));
}

/** Percentile bootstrap of a statistic (Efron 1979), quantiles by linear interpolation. The same seed gives the same interval. */
export function bootstrap(
  values: readonly number[],
  statistic: (sample: readonly number[]) => number,
  options: { seed: number; resamples?: number; confidence?: number },
): Estimate {
  const { seed, resamples = 1000, confidence = 0.95 } = options;
  const random = createRandom(seed);
  const results: number[] = [];
  const sample = new Array<number>(values.length);
  for (let round = 0; round < resamples; round++) {
    for (let index = 0; index < values.length; index++) sample[index] = values[random.integer(values.length)]!;
    results.push(statistic(sample));
  }
  results.sort((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  return { value: statistic(values), low: quantile(results, tail), high: quantile(results, 1 - tail), n: values.length };
}
