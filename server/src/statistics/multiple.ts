/**
 * Benjamini and Hochberg's adjusted p-values (1995; statsmodels' `fdr_bh`), in the order given: those at most q are the findings of
 * which at most the share q is expected to be chance.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const order = Array.from(pValues.keys()).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Array<number>(pValues.length);
  let least = 1;
  for (const [place, index] of order.entries()) {
    least = Math.min(least, (pValues[index]! * pValues.length) / (pValues.length - place));
    adjusted[index] = least;
  }
  return adjusted;
}
