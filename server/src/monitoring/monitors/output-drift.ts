import { categoryCounts, chiSquare, jensenShannon, shares } from "../../statistics/index.ts";
import { chance, type Measure, type Monitor, strongChance } from "./types.ts";

/** Share of the answers that must be labelled for the true labels to speak for the window. */
const labelledShare = 0.5;
const strongFactor = 3;

export const answeredShare = "label share";
export const trueShare = "true label share";

/** Label shares against the reference's: those of the answers, and those of the true labels once enough came back. */
export const outputDrift: Monitor = {
  name: "output-drift",
  measure({ window, reference, settings }) {
    if (reference === null) return [];
    const truth = Object.fromEntries(Object.entries(window.truth.byLabel).map(([label, { n }]) => [label, n]));
    const answers = Object.values(window.labels).reduce((sum, count) => sum + count, 0);
    const isKnown = window.truth.labelled >= settings.minimumLabels && window.truth.labelled >= answers * labelledShare;
    const compare = (measure: string, labels: Readonly<Record<string, number>>) =>
      compareShares({ measure, labels, reference: reference.inputs.labels, name: reference.name, threshold: settings.labelShare });
    return [compare(answeredShare, window.labels), ...(isKnown ? [compare(trueShare, truth)] : [])];
  },
};

interface Comparison {
  readonly measure: string;
  readonly labels: Readonly<Record<string, number>>;
  readonly reference: Readonly<Record<string, number>>;
  readonly name: string;
  readonly threshold: number;
}

function compareShares({ measure, labels, reference, name, threshold }: Comparison): Measure {
  const counts = categoryCounts(reference, labels);
  const value = unbiasedDistance(counts.reference, counts.current);
  const { pValue } = chiSquare(counts.reference, counts.current);
  const n = counts.current.reduce((sum, count) => sum + count, 0);
  return {
    monitor: "output-drift",
    measure,
    value,
    threshold,
    pValue,
    n,
    detail: describeShares(counts, name),
    exceeded: n > 0 && value >= threshold && pValue < chance,
    strong: value >= threshold * strongFactor && pValue < strongChance,
  };
}

/** Jensen-Shannon distance less what chance alone puts there: the divergence of two samples of one distribution is (k - 1)(1/n + 1/m) / (8 ln 2) on average. */
export function unbiasedDistance(reference: readonly number[], current: readonly number[]): number {
  const [m, n] = [reference, current].map((counts) => counts.reduce((sum, count) => sum + count, 0));
  if (m === 0 || n === 0) return 0;
  const categories = reference.filter((count, index) => count + current[index]! > 0).length;
  const bias = ((categories - 1) * (1 / n! + 1 / m!)) / (8 * Math.LN2);
  return Math.sqrt(Math.max(0, jensenShannon(reference, current) ** 2 - bias));
}

/** The labels whose shares moved most, in words. */
function describeShares(counts: { categories: string[]; reference: number[]; current: number[] }, name: string): string {
  const [from, to] = [shares(counts.reference), shares(counts.current)];
  const moves = counts.categories.map((label, index) => ({ label, from: from[index]!, to: to[index]! }));
  moves.sort((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from));
  return moves
    .slice(0, 3)
    .map((move) => `${move.label === "" ? "no label" : move.label} ${percent(move.to)}, ${percent(move.from)} in ${name}`)
    .join("; ");
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}
