import { normalCdf, wilson } from "../../statistics/index.ts";
import { chance, type Measure, type Monitor, type MonitorInput, strongChance } from "./types.ts";

const strongFactor = 4;

/**
 * Accuracy by the labels that came back, against what the reference lets expect of this mix of labels: each true label's
 * recall on the held-back rows, weighted by how often the label is true here. A changed mix alone is no loss of quality.
 */
export const accuracy: Monitor = {
  name: "accuracy",
  measure({ window, reference, settings }): Measure[] {
    const { labelled, agreed } = window.truth;
    const expected = expectAccuracy({ window, reference });
    if (expected === null || labelled < settings.minimumLabels) return [];
    const share = agreed / labelled;
    const value = expected.value - share;
    const deviation = Math.sqrt(expected.variance + variance(agreed, labelled));
    const estimate = wilson(agreed, labelled);
    // One-sided: how often chance alone loses this much.
    const pValue = normalCdf(-value / deviation);
    return [
      {
        monitor: "accuracy",
        measure: "accuracy lost",
        value,
        threshold: settings.accuracyDrop,
        pValue,
        n: labelled,
        detail: `${percent(share)} right [${percent(estimate.low)}, ${percent(estimate.high)}], ${percent(expected.value)} expected by ${reference!.name}`,
        exceeded: value >= settings.accuracyDrop && pValue < chance,
        strong: value >= settings.accuracyDrop * strongFactor && pValue < strongChance,
      },
    ];
  },
};

interface Expected {
  readonly value: number;
  readonly variance: number;
}

function expectAccuracy({ window, reference }: Pick<MonitorInput, "window" | "reference">): Expected | null {
  if (reference === null || reference.accuracy === null) return null;
  const overall = reference.accuracy;
  const pooled = { value: overall.value, variance: variance(overall.value * overall.n, overall.n) };
  const { recalls } = reference;
  if (recalls === null || window.truth.labelled === 0) return pooled;
  let value = 0;
  let sum = 0;
  for (const [label, { n }] of Object.entries(window.truth.byLabel)) {
    const weight = n / window.truth.labelled;
    const recall = recalls[label];
    // A label the reference does not know is taken as answered like the others.
    const known = recall === undefined || recall.n === 0 ? overall : recall;
    value += weight * known.value;
    sum += weight ** 2 * variance(known.value * known.n, known.n);
  }
  return { value, variance: sum };
}

/** Variance of a share, with two successes and two failures added so that none is zero (Agresti and Coull 1998). */
function variance(successes: number, n: number): number {
  const share = (successes + 2) / (n + 4);
  return (share * (1 - share)) / (n + 4);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
