import type { GrowthOptions } from "./types.ts";

/** Sums of the rows of a leaf, and the bounds that monotone features put on what it may answer. */
export interface LeafSums {
  readonly gradient: number;
  readonly hessian: number;
  readonly rows: number;
  readonly lower: number;
  readonly upper: number;
}

/** The best split of one feature; `gain` is what it adds to that of the leaf. */
export interface FoundSplit {
  readonly gain: number;
  /** The last bin that goes left; of a category: unused. */
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly leftGradient: number;
  readonly leftHessian: number;
  readonly leftOutput: number;
  readonly rightOutput: number;
  /** Bins that go left; null for a number. */
  readonly bins: readonly number[] | null;
}

export interface SplitInput {
  /** From `at` on pairs of gradient and hessian, by bin. */
  readonly histogram: Float64Array;
  readonly at: number;
  readonly bins: number;
  readonly monotone: -1 | 0 | 1;
  readonly leaf: LeafSums;
  readonly options: GrowthOptions;
}

/**
 * The best threshold of a number, or null. What is missing (bin 0) is tried on both sides; where the leaf misses nothing, it will go
 * with most of the rows. Gain as in LightGBM: G^2 / (H + l2) of both sides, less that of the leaf; under bounds, that of the bounded answers
 * ("basic" method of its monotone constraints).
 */
export function findNumberSplit({ histogram, at, bins, monotone, leaf, options }: SplitInput): FoundSplit | null {
  const { gradient, hessian, rows, lower, upper } = leaf;
  const { l2 } = options;
  const least = leastHessian(leaf, options);
  const shift = (gradient * gradient) / (hessian + l2);
  const missingGradient = histogram[at]!;
  const missingHessian = histogram[at + 1]!;
  // Subtraction leaves rounding where there is no row.
  const misses = missingHessian > 1e-9 * hessian;
  const free = monotone === 0 && lower === -Infinity && upper === Infinity;
  const most = hessian - least;
  let best = shift;
  let bestBin = -1;
  let bestMissingLeft = 0;
  let bestGradient = 0;
  let bestHessian = 0;
  for (let side = 0; side < (misses ? 2 : 1); side++) {
    let leftGradient = side === 1 ? missingGradient : 0;
    let leftHessian = side === 1 ? missingHessian : 0;
    // With the missing on the right, even the last bin leaves something there.
    const end = misses && side === 0 ? bins : bins - 1;
    for (let bin = 1; bin < end; bin++) {
      leftGradient += histogram[at + 2 * bin]!;
      leftHessian += histogram[at + 2 * bin + 1]!;
      if (leftHessian < least) continue;
      if (leftHessian > most) break;
      const rightGradient = gradient - leftGradient;
      const rightHessian = hessian - leftHessian;
      const gain = free
        ? (leftGradient * leftGradient) / (leftHessian + l2) + (rightGradient * rightGradient) / (rightHessian + l2)
        : boundedGain(monotone, [leftGradient, leftHessian + l2, rightGradient, rightHessian + l2], leaf);
      if (gain > best) {
        best = gain;
        bestBin = bin;
        bestMissingLeft = side;
        bestGradient = leftGradient;
        bestHessian = leftHessian;
      }
    }
  }
  if (bestBin === -1 || rows < 2) return null;
  return {
    gain: best - shift,
    bin: bestBin,
    missingLeft: misses ? bestMissingLeft === 1 : bestHessian * 2 >= hessian,
    leftGradient: bestGradient,
    leftHessian: bestHessian,
    leftOutput: boundedOutput(bestGradient, bestHessian + l2, leaf),
    rightOutput: boundedOutput(gradient - bestGradient, hessian - bestHessian + l2, leaf),
    bins: null,
  };
}

/** What a side must weigh at least: its hessian stands for its number of rows. */
export function leastHessian({ hessian, rows }: LeafSums, { minimumRows, minimumHessian }: GrowthOptions): number {
  return Math.max(minimumHessian, ((minimumRows - 0.5) * hessian) / rows);
}

export function boundedOutput(gradient: number, hessian: number, { lower, upper }: LeafSums): number {
  return Math.min(upper, Math.max(lower, -gradient / hessian));
}

type Sides = readonly [leftGradient: number, leftHessian: number, rightGradient: number, rightHessian: number];

export function boundedGain(monotone: -1 | 0 | 1, [leftGradient, leftHessian, rightGradient, rightHessian]: Sides, leaf: LeafSums): number {
  const left = boundedOutput(leftGradient, leftHessian, leaf);
  const right = boundedOutput(rightGradient, rightHessian, leaf);
  if (monotone !== 0 && (right - left) * monotone < 0) return -Infinity;
  return -(2 * leftGradient * left + leftHessian * left * left) - (2 * rightGradient * right + rightHessian * right * right);
}
