import { type Estimate, wilson } from "../../../statistics/index.ts";

/** Two questions: how alike they are, and whether they have the same answer. */
export interface AnsweredPair {
  readonly similarity: number;
  readonly isEqual: boolean;
}

export interface CalibrationGoal {
  /** The share of hits whose answer is the same. */
  readonly precision: number;
  /** Of the interval whose lower bound must reach it. */
  readonly confidence: number;
}

export interface Calibration {
  /** Questions at least so alike are taken for the same; null while no threshold keeps the goal. */
  readonly threshold: number | null;
  /** The precision at the threshold, of so many pairs; at the top where there is none. */
  readonly precision: Estimate;
}

/** The lowest threshold above which, as far as these pairs can tell, answers are the same as often as wanted. */
export function calibrate(pairs: readonly AnsweredPair[], { precision, confidence }: CalibrationGoal): Calibration {
  const sorted = pairs.toSorted((a, b) => b.similarity - a.similarity);
  let found: Calibration = { threshold: null, precision: wilson(0, 0, confidence) };
  let equal = 0;
  for (const [index, pair] of sorted.entries()) {
    if (pair.isEqual) equal++;
    // Pairs that are equally alike stand or fall together.
    if (sorted[index + 1]?.similarity === pair.similarity) continue;
    const estimate = wilson(equal, index + 1, confidence);
    if (estimate.low >= precision) found = { threshold: pair.similarity, precision: estimate };
    else if (found.threshold === null) found = { threshold: null, precision: estimate };
  }
  return found;
}
