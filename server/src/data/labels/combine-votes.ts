/** Votes by number: `sources[i]` chose `labels[i]` for `items[i]`. */
export interface Votes {
  readonly items: Int32Array;
  readonly sources: Int32Array;
  readonly labels: Int32Array;
  readonly itemCount: number;
  readonly sourceCount: number;
  readonly labelCount: number;
}

export type CombineMethod = "majority" | "dawid-skene" | "label-model";

/** What the votes of an item say together. */
export interface Combined {
  /** `posterior[item][label]`; each sums to 1. */
  readonly posterior: number[][];
  readonly iterations: number;
}

const mostIterations = 200;
const settled = 1e-7;

/**
 * One label an item from the votes of many sources; every item has a vote.
 *
 * - `majority`: the share of the votes.
 * - `dawid-skene`: each source has a confusion matrix of its own, and the labels a distribution; both are found by EM (Dawid and Skene 1979).
 *   For annotators: it sees who mistakes what for what, once each has voted often.
 * - `label-model`: each source has one number, how often it is right, whatever the label (Ratner et al. 2016 without dependencies); every label is
 *   as likely. For labelling functions: most speak for a single label, so a confusion matrix could say anything of them.
 */
export function combineVotes(votes: Votes, method: CombineMethod): Combined {
  let posterior = majority(votes);
  if (method === "majority") return { posterior, iterations: 0 };
  const learn = method === "dawid-skene" ? learnConfusions : learnAccuracies;
  for (let iteration = 1; ; iteration++) {
    const next = judge(votes, learn(votes, posterior));
    let moved = 0;
    for (const [item, line] of next.entries())
      for (const [label, p] of line.entries()) moved = Math.max(moved, Math.abs(p - posterior[item]![label]!));
    posterior = next;
    if (moved < settled || iteration === mostIterations) return { posterior, iterations: iteration };
  }
}

function majority({ items, labels, itemCount, labelCount }: Votes): number[][] {
  const counts = Array.from({ length: itemCount }, () => new Array<number>(labelCount).fill(0));
  for (const [index, item] of items.entries()) counts[item]![labels[index]!]! += 1;
  return counts.map(toShares);
}

function toShares(line: readonly number[]): number[] {
  const sum = line.reduce((total, count) => total + count, 0);
  return line.map((count) => count / sum);
}

/** How sources answer and how labels are spread, as logarithms. */
interface Model {
  readonly prior: readonly number[];
  /** `said[(source * labels + truth) * labels + vote]` */
  readonly said: Float64Array;
}

/** Of each answer this many are taken to have been given before the first. */
const smoothing = 0.01;

function learnConfusions(votes: Votes, posterior: readonly (readonly number[])[]): Model {
  const { items, sources, labels, sourceCount, labelCount } = votes;
  const said = new Float64Array(sourceCount * labelCount * labelCount).fill(smoothing);
  for (const [index, vote] of labels.entries()) {
    const line = posterior[items[index]!]!;
    for (let truth = 0; truth < labelCount; truth++) said[(sources[index]! * labelCount + truth) * labelCount + vote]! += line[truth]!;
  }
  for (let start = 0; start < said.length; start += labelCount) {
    let sum = 0;
    for (let vote = 0; vote < labelCount; vote++) sum += said[start + vote]!;
    for (let vote = 0; vote < labelCount; vote++) said[start + vote] = Math.log(said[start + vote]! / sum);
  }
  const masses = new Array<number>(labelCount).fill(1e-300);
  for (const line of posterior) for (const [label, p] of line.entries()) masses[label]! += p;
  return { prior: masses.map((mass) => Math.log(mass / posterior.length)), said };
}

/** What a source is believed to be worth before it is seen to agree with others (Snorkel starts from the same). */
const expectedAccuracy = 0.7;

/**
 * Each accuracy is drawn halfway to what is expected of any source: without that hold EM ends where one half of the sources is always right and the other
 * never.
 */
function learnAccuracies(votes: Votes, posterior: readonly (readonly number[])[]): Model {
  const { labelCount, sourceCount } = votes;
  const said = new Float64Array(sourceCount * labelCount * labelCount);
  for (const [source, { votes: count, right }] of measureSources(votes, posterior).entries()) {
    const accuracy = count === 0 ? expectedAccuracy : (right / count + expectedAccuracy) / 2;
    for (let truth = 0; truth < labelCount; truth++)
      for (let vote = 0; vote < labelCount; vote++)
        said[(source * labelCount + truth) * labelCount + vote] = Math.log(vote === truth ? accuracy : (1 - accuracy) / (labelCount - 1));
  }
  return { prior: new Array<number>(labelCount).fill(0), said };
}

/** How many votes each source cast, and how many of them are right, as far as the labels are believed. */
export function measureSources(
  { items, sources, labels, sourceCount }: Votes,
  posterior: readonly (readonly number[])[],
): { votes: number; right: number }[] {
  const found = Array.from({ length: sourceCount }, () => ({ votes: 0, right: 0 }));
  for (const [index, source] of sources.entries()) {
    found[source]!.votes += 1;
    found[source]!.right += posterior[items[index]!]![labels[index]!]!;
  }
  return found;
}

function judge({ items, sources, labels, itemCount, labelCount }: Votes, { prior, said }: Model): number[][] {
  const lines = Array.from({ length: itemCount }, () => [...prior]);
  for (const [index, vote] of labels.entries()) {
    const line = lines[items[index]!]!;
    const from = sources[index]! * labelCount;
    for (let truth = 0; truth < labelCount; truth++) line[truth]! += said[(from + truth) * labelCount + vote]!;
  }
  return lines.map((line) => {
    const top = Math.max(...line);
    return toShares(line.map((value) => Math.exp(value - top)));
  });
}
