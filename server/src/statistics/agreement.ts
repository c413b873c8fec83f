/** How far apart two numbers are for a chance-corrected agreement: any difference counts 1, or its size, or its square. */
export type Disagreement = "nominal" | "linear" | "quadratic";

function cost(a: number, b: number, kind: Disagreement): number {
  if (kind === "nominal") return a === b ? 0 : 1;
  return kind === "linear" ? Math.abs(a - b) : (a - b) ** 2;
}

/**
 * Cohen's kappa of two raters over the same items (Cohen 1960, weighted 1968; scikit-learn's `cohen_kappa_score`). `weights`
 * other than nominal take the place of a label in `labels` as its number. NaN where both give one same label
 * throughout: chance could not have disagreed.
 */
export function cohenKappa(
  first: readonly string[],
  second: readonly string[],
  options: { labels?: readonly string[]; weights?: Disagreement } = {},
): number {
  const { labels = [...new Set([...first, ...second])].sort(), weights = "nominal" } = options;
  const index = new Map(labels.map((label, place) => [label, place]));
  const [rows, columns] = [labels.map(() => 0), labels.map(() => 0)];
  let observed = 0;
  for (let item = 0; item < first.length; item++) {
    const [a, b] = [index.get(first[item]!)!, index.get(second[item]!)!];
    rows[a]! += 1;
    columns[b]! += 1;
    observed += cost(a, b, weights);
  }
  let expected = 0;
  for (const [a, inFirst] of rows.entries())
    for (const [b, inSecond] of columns.entries()) expected += (inFirst * inSecond * cost(a, b, weights)) / first.length;
  return expected === 0 ? Number.NaN : 1 - observed / expected;
}

/**
 * Fleiss' kappa (Fleiss 1971; statsmodels' `fleiss_kappa`). `counts[item][label]`: how many raters chose the label; every item
 * has the same number of raters, two at least. NaN where all give one same label throughout.
 */
export function fleissKappa(counts: readonly (readonly number[])[]): number {
  const raters = counts[0]!.reduce((sum, count) => sum + count, 0);
  let observed = 0;
  const totals = counts[0]!.map(() => 0);
  for (const item of counts) {
    observed += item.reduce((sum, count) => sum + count * (count - 1), 0) / (raters * (raters - 1));
    for (const [label, count] of item.entries()) totals[label]! += count;
  }
  const expected = totals.reduce((sum, count) => sum + (count / (counts.length * raters)) ** 2, 0);
  return expected === 1 ? Number.NaN : (observed / counts.length - expected) / (1 - expected);
}

/**
 * Krippendorff's alpha by the matrix of coincidences (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"): any
 * number of raters, any votes missing. `values[label]` is the label's number for `quadratic` (his interval metric). Items with one vote
 * say nothing and are left out; NaN when no item has two, or all votes are one label.
 */
export function krippendorffAlpha(
  counts: readonly (readonly number[])[],
  values: readonly number[],
  kind: Exclude<Disagreement, "linear"> = "nominal",
): number {
  const totals = values.map(() => 0);
  let votes = 0;
  let observed = 0;
  for (const item of counts) {
    const size = item.reduce((sum, count) => sum + count, 0);
    if (size < 2) continue;
    votes += size;
    for (const [a, count] of item.entries()) {
      if (count === 0) continue;
      totals[a]! += count;
      for (const [b, other] of item.entries())
        if (a !== b && other > 0) observed += (count * other * cost(values[a]!, values[b]!, kind)) / (size - 1);
    }
  }
  if (votes === 0) return Number.NaN;
  let expected = 0;
  for (const [a, count] of totals.entries())
    for (const [b, other] of totals.entries()) if (a !== b) expected += count * other * cost(values[a]!, values[b]!, kind);
  return expected === 0 ? Number.NaN : 1 - ((votes - 1) * observed) / expected;
}
