import type { ClassificationMetrics } from "@millrace/contract";
import { fairness } from "../statistics/index.ts";

export interface AnsweredRows {
  readonly labels: readonly string[];
  readonly truth: readonly string[];
  readonly predicted: readonly string[];
  /** Columns that the contract calls sensitive. */
  readonly sensitive: Readonly<Record<string, readonly unknown[]>>;
}

/** Past these a table of gaps is read by nobody. */
const mostLabels = 5;
const mostGroups = 20;

/** The widest gap between groups of each sensitive column in how often a label is answered, found, and right. */
export function measureFairness({ labels, truth, predicted, sensitive }: AnsweredRows): NonNullable<ClassificationMetrics["fairness"]> {
  return Object.entries(sensitive).flatMap(([column, values]) => {
    const groups = values.map((value) => (value === null || value === undefined ? "is empty" : String(value)));
    if (new Set(groups).size > mostGroups) return [];
    // Of two labels the gaps of one mirror those of the other in what is answered, not in what is found.
    return labels.slice(0, mostLabels).flatMap((label) => {
      const { gaps } = fairness(
        groups,
        predicted.map((each) => each === label),
        truth.map((each) => each === label),
      );
      return gaps.map(({ criterion, highest, lowest, difference }) => ({ column, label, criterion, highest, lowest, difference }));
    });
  });
}
