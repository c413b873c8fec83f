/** Population stability index of two count vectors over the same bins: sum (q - p) ln(q / p), shares floored at 0.0001. */
export function populationStability(reference: readonly number[], current: readonly number[]): number {
  const p = shares(reference);
  const q = shares(current);
  return p.reduce((sum, expected, index) => {
    const [from, to] = [Math.max(expected, 1e-4), Math.max(q[index]!, 1e-4)];
    return sum + (to - from) * Math.log(to / from);
  }, 0);
}

/** Jensen-Shannon distance (square root of the divergence, base 2, in [0, 1]) of two count vectors (Lin 1991). */
export function jensenShannon(reference: readonly number[], current: readonly number[]): number {
  const p = shares(reference);
  const q = shares(current);
  let divergence = 0;
  for (let index = 0; index < p.length; index++) {
    const middle = (p[index]! + q[index]!) / 2;
    if (p[index]! > 0) divergence += 0.5 * p[index]! * Math.log2(p[index]! / middle);
    if (q[index]! > 0) divergence += 0.5 * q[index]! * Math.log2(q[index]! / middle);
  }
  return Math.sqrt(Math.max(0, divergence));
}

export function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}

/** Counts of both samples over the union of their categories, in one order. */
export function categoryCounts(
  reference: Readonly<Record<string, number>>,
  current: Readonly<Record<string, number>>,
): { categories: string[]; reference: number[]; current: number[] } {
  const categories = [...new Set([...Object.keys(reference), ...Object.keys(current)])].sort();
  const count = (from: Readonly<Record<string, number>>) =>
    categories.map((category) => (Object.hasOwn(from, category) ? from[category]! : 0));
  return { categories, reference: count(reference), current: count(current) };
}
