import { chiSquareTail, logGamma } from "./distributions.ts";

export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/**
 * McNemar's mid-p test of two classifiers on the same rows (Fagerland, Lydersen, Laake 2013): two-sided binomial with p 1/2
 * over the discordant rows, half the point probability taken off. With none: p = 1.
 */
export function mcnemarMidP(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond;
  if (n === 0) return 1;
  const low = Math.min(onlyFirst, onlySecond);
  const point = (k: number) => Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
  let tail = 0;
  for (let k = 0; k <= low; k++) tail += point(k);
  return Math.min(1, 2 * tail - point(low));
}

/** Two-sample Kolmogorov-Smirnov; p by the asymptotic distribution with Stephens' correction. */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): TestResult {
  const a = first.toSorted((x, y) => x - y);
  const b = second.toSorted((x, y) => x - y);
  let i = 0;
  let j = 0;
  let statistic = 0;
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= at) i += 1;
    while (j < b.length && b[j]! <= at) j += 1;
    statistic = Math.max(statistic, Math.abs(i / a.length - j / b.length));
  }
  const root = Math.sqrt((a.length * b.length) / (a.length + b.length));
  return { statistic, pValue: kolmogorovTail((root + 0.12 + 0.11 / root) * statistic) };
}

function kolmogorovTail(lambda: number): number {
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) {
    const term = 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
    sum += term;
    if (Math.abs(term) < 1e-17) break;
  }
  return Math.min(1, Math.max(0, sum));
}

/** Pearson's chi-square of two count vectors over the same categories (scipy `chi2_contingency` without correction). */
export function chiSquare(first: readonly number[], second: readonly number[]): TestResult {
  const totals = [first, second].map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const all = totals[0]! + totals[1]!;
  let statistic = 0;
  let categories = 0;
  for (let index = 0; index < first.length; index++) {
    const column = first[index]! + second[index]!;
    if (column === 0) continue;
    categories += 1;
    for (const [row, counts] of [first, second].entries()) {
      const expected = (totals[row]! * column) / all;
      if (expected > 0) statistic += (counts[index]! - expected) ** 2 / expected;
    }
  }
  return { statistic, pValue: chiSquareTail(statistic, categories - 1) };
}
