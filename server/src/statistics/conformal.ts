/**
 * The bound of split conformal prediction (Vovk et al. 2005; Angelopoulos and Bates 2021, section 1): the ceil((n + 1) coverage)-th
 * smallest score of rows the model did not train on. What scores at most this holds the truth of a new exchangeable row with
 * probability at least `coverage`. Infinity when n rows are too few to promise it.
 *
 * Score of a label: 1 - its probability; of a number: |truth - predicted|.
 */
export function conformalBound(scores: readonly number[], coverage: number): number {
  const place = Math.ceil((scores.length + 1) * coverage - 1e-9);
  if (place > scores.length) return Number.POSITIVE_INFINITY;
  return scores.toSorted((a, b) => a - b)[Math.max(0, place - 1)]!;
}

/** The places of the labels a row's answer may be, given a bound; it may be empty. */
export function conformalSet(probabilities: readonly number[], bound: number): number[] {
  return Array.from(probabilities.keys()).filter((label) => 1 - probabilities[label]! <= bound);
}
