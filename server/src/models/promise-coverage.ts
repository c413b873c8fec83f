import type { Conformal } from "@millrace/contract";
import { conformalBound } from "../statistics/index.ts";

/** Of ten answers nine hold the truth. */
const coverage = 0.9;

/** What may be promised, from the scores of rows the model did not see (`conformalBound`); nothing when they are too few. */
export function promiseCoverage(scores: readonly number[]): { conformal?: Conformal } {
  const bound = conformalBound(scores, coverage);
  return Number.isFinite(bound) ? { conformal: { coverage, bound, rows: scores.length } } : {};
}
