import { cohenKappa, fleissKappa, krippendorffAlpha, mean } from "../../statistics/index.ts";
import type { Votes } from "./combine-votes.ts";

/** How far sources agree beyond chance; null where the figure does not exist. */
export interface Agreement {
  /** Items that two sources or more voted on: the others say nothing here. */
  readonly items: number;
  /** Krippendorff's alpha; labels are names. */
  readonly krippendorff: number | null;
  /** The same where all labels are numbers, a wide miss worse than a near one. */
  readonly krippendorffInterval: number | null;
  /** Fleiss' kappa; only where every item has the same number of votes. */
  readonly fleiss: number | null;
  /** Mean of Cohen's kappa over pairs of sources that share items, each weighted by how many. */
  readonly cohen: number | null;
  /** Cohen's kappa with quadratic weights, where all labels are numbers. */
  readonly cohenQuadratic: number | null;
}

/** Pairs of more sources than this are not looked at one by one. */
const mostSources = 100;

export function measureAgreement(votes: Votes, names: readonly string[]): Agreement {
  const { items, labels, itemCount, labelCount } = votes;
  const counts = Array.from({ length: itemCount }, () => new Array<number>(labelCount).fill(0));
  for (const [index, item] of items.entries()) counts[item]![labels[index]!]! += 1;
  const sizes = counts.map((line) => line.reduce((sum, count) => sum + count, 0));
  const values = names.map((name) => (name.trim() === "" ? Number.NaN : Number(name)));
  const isNumeric = values.length > 1 && values.every((value) => Number.isFinite(value));
  const known = (value: number) => (Number.isFinite(value) ? value : null);
  const byNumber = isNumeric ? names.toSorted((a, b) => Number(a) - Number(b)) : [];
  return {
    items: sizes.filter((size) => size > 1).length,
    krippendorff: known(krippendorffAlpha(counts, values)),
    krippendorffInterval: isNumeric ? known(krippendorffAlpha(counts, values, "quadratic")) : null,
    fleiss: sizes[0]! > 1 && sizes.every((size) => size === sizes[0]) ? known(fleissKappa(counts)) : null,
    cohen: meanOfPairs(votes, (a, b) => cohenKappa(a.map(nameOf), b.map(nameOf))),
    cohenQuadratic: isNumeric
      ? meanOfPairs(votes, (a, b) => cohenKappa(a.map(nameOf), b.map(nameOf), { labels: byNumber, weights: "quadratic" }))
      : null,
  };

  function nameOf(label: number): string {
    return names[label]!;
  }
}

function meanOfPairs({ items, sources, labels, sourceCount }: Votes, kappa: (a: number[], b: number[]) => number): number | null {
  if (sourceCount > mostSources) return null;
  // A source that votes twice for an item is heard once: its last vote.
  const said = Array.from({ length: sourceCount }, () => new Map<number, number>());
  for (const [index, source] of sources.entries()) said[source]!.set(items[index]!, labels[index]!);
  const found: number[] = [];
  for (const [first, one] of said.entries()) {
    for (const other of said.slice(first + 1)) {
      const both = [...one.keys()].filter((item) => other.has(item));
      if (both.length < 2) continue;
      const value = kappa(
        both.map((item) => one.get(item)!),
        both.map((item) => other.get(item)!),
      );
      // Two that only ever say one label: chance could not have disagreed.
      if (!Number.isFinite(value)) continue;
      for (let times = 0; times < both.length; times++) found.push(value);
    }
  }
  return found.length === 0 ? null : mean(found);
}
