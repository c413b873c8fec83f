import type { CombinedLabels, CombineLabelsQuery } from "@millrace/contract";
import { combineVotes, measureSources } from "./combine-votes.ts";
import type { NamedVotes } from "./read-votes.ts";
import { measureAgreement } from "./vote-agreement.ts";

/** One label an item, how sure it is, and what each source is worth. A tie goes to the label that comes first in the alphabet. */
export function combineLabels(votes: NamedVotes, method: CombineLabelsQuery["method"]): CombinedLabels {
  const { posterior, iterations } = combineVotes(votes, method);
  const counts = new Int32Array(votes.itemCount);
  for (const item of votes.items) counts[item]! += 1;
  const items = posterior.map((line, item) => {
    const confidence = Math.max(...line);
    return { item: votes.itemNames[item]!, label: votes.labelNames[line.indexOf(confidence)]!, confidence, votes: counts[item]! };
  });
  const byLabel = Map.groupBy(items, ({ label }) => label);
  return {
    method,
    votes: votes.items.length,
    iterations,
    labels: votes.labelNames.map((label) => ({ label, items: byLabel.get(label)?.length ?? 0 })),
    items: items.sort((a, b) => a.confidence - b.confidence),
    sources: measureSources(votes, posterior)
      .map(({ votes: count, right }, source) => ({
        source: votes.sourceNames[source]!,
        votes: count,
        coverage: Math.min(1, count / votes.itemCount),
        accuracy: right / count,
      }))
      .sort((a, b) => b.votes - a.votes),
    agreement: measureAgreement(votes, votes.labelNames),
  };
}
