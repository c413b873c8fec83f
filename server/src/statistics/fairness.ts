import { type Estimate, wilson } from "./intervals.ts";

export type FairnessMeasure = "selection rate" | "true positive rate" | "precision";

export interface GroupRates {
  readonly group: string;
  readonly n: number;
  readonly rates: Readonly<Record<FairnessMeasure, Estimate>>;
}

export interface FairnessGap {
  readonly measure: FairnessMeasure;
  /** What a gap of zero is called: demographic parity, equal opportunity, predictive parity. */
  readonly criterion: string;
  readonly highest: string;
  readonly lowest: string;
  /** Highest minus lowest rate; the interval holds for all pairs of groups at once. */
  readonly difference: Estimate;
}

/**
 * Newcombe's interval for the difference of two independent shares (1998, method 10), from Wilson's for each.
 */
export function shareDifference(
  first: { hits: number; n: number },
  second: { hits: number; n: number },
  confidence: number = 0.95,
): Estimate {
  const a = wilson(first.hits, first.n, confidence);
  const b = wilson(second.hits, second.n, confidence);
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
    n: first.n + second.n,
  };
}

const criteria: Readonly<Record<FairnessMeasure, string>> = {
  "selection rate": "demographic parity",
  "true positive rate": "equal opportunity",
  precision: "predictive parity",
};

/**
 * Rates by group and the widest gap of each (fairlearn's `..._difference` between groups; Hardt et al. 2016, Chouldechova 2017).
 * Groups without a row for a rate are left out of its gap. The widest gap is picked among all pairs, so its interval is Bonferroni's over them.
 */
export function fairness(
  groups: readonly string[],
  selected: readonly boolean[],
  positive: readonly boolean[],
): { groups: GroupRates[]; gaps: FairnessGap[] } {
  const rowsOf = Map.groupBy(groups.keys(), (row) => groups[row]!);
  const names = [...rowsOf.keys()].sort();
  const counts = names.map((group) => {
    const rows = rowsOf.get(group)!;
    const chosen = rows.filter((row) => selected[row]);
    const deserving = rows.filter((row) => positive[row]);
    const both = chosen.filter((row) => positive[row]).length;
    return {
      group,
      n: rows.length,
      shares: {
        "selection rate": { hits: chosen.length, n: rows.length },
        "true positive rate": { hits: both, n: deserving.length },
        precision: { hits: both, n: chosen.length },
      } satisfies Record<FairnessMeasure, { hits: number; n: number }>,
    };
  });
  const gaps = (Object.keys(criteria) as FairnessMeasure[]).flatMap((measure): FairnessGap[] => {
    const known = counts
      .filter(({ shares }) => shares[measure].n > 0)
      .toSorted((a, b) => b.shares[measure].hits / b.shares[measure].n - a.shares[measure].hits / a.shares[measure].n);
    const [top, bottom] = [known[0], known.at(-1)];
    if (top === undefined || bottom === undefined || top === bottom) return [];
    const pairs = (known.length * (known.length - 1)) / 2;
    return [
      {
        measure,
        criterion: criteria[measure],
        highest: top.group,
        lowest: bottom.group,
        difference: shareDifference(top.shares[measure], bottom.shares[measure], 1 - 0.05 / pairs),
      },
    ];
  });
  const rates = counts.map(({ group, n, shares }) => ({
    group,
    n,
    rates: {
      "selection rate": wilson(shares["selection rate"].hits, shares["selection rate"].n),
      "true positive rate": wilson(shares["true positive rate"].hits, shares["true positive rate"].n),
      precision: wilson(shares.precision.hits, shares.precision.n),
    },
  }));
  return { groups: rates, gaps };
}
