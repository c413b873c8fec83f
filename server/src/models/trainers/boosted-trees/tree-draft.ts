import type { FeatureBins } from "./bin-feature.ts";
import type { SplitRecord } from "./search-splits.ts";
import type { Tree } from "./types.ts";

/** A node while its tree grows. */
export interface NodeDraft {
  /** Null: a leaf. */
  split: { readonly question: Question; readonly left: number; readonly right: number } | null;
  /** Of a leaf. */
  value: number;
  cover: number;
}

export interface Question {
  /** Of the table. */
  readonly feature: number;
  readonly threshold: number;
  readonly categories: readonly number[] | null;
  readonly missingLeft: boolean;
}

/** Above every number there is: what is there goes left, what is missing right. */
const largest = 3.4028234663852886e38;

export function leafDraft(): NodeDraft {
  return { split: null, value: 0, cover: 0 };
}

/** A split of bins as a question about values. */
export function toQuestion({ bin, bins: inSet, missingLeft }: SplitRecord, bins: FeatureBins, feature: number): Question {
  if (bins.kind === "number") return { feature, threshold: bins.edges[bin - 1] ?? largest, categories: null, missingLeft };
  const codes = inSet!.filter((each) => each !== bins.missingBin).map((each) => bins.codes[each - 1]!);
  return {
    feature,
    threshold: 0,
    categories: codes.sort((one, other) => one - other),
    missingLeft: bins.missingBin > 0 && inSet!.includes(bins.missingBin),
  };
}

/** 1 for each bin that goes left. */
export function leftBins({ bin, bins: inSet, missingLeft }: SplitRecord): Uint8Array {
  const chosen = new Uint8Array(256);
  if (inSet === null) {
    chosen.fill(1, 1, bin + 1);
    chosen[0] = Number(missingLeft);
  } else {
    for (const each of inSet) chosen[each] = 1;
  }
  return chosen;
}

/** The tree of its nodes; children stand behind their parents. */
export function toTree(nodes: readonly NodeDraft[]): Tree {
  for (const node of nodes.toReversed())
    if (node.split !== null) node.cover = nodes[node.split.left]!.cover + nodes[node.split.right]!.cover;
  return {
    feature: Int32Array.from(nodes, ({ split }) => split?.question.feature ?? 0),
    threshold: Float32Array.from(nodes, ({ split }) => split?.question.threshold ?? 0),
    categories: nodes.map(({ split }) => split?.question.categories ?? null),
    missingLeft: Uint8Array.from(nodes, ({ split }) => Number(split?.question.missingLeft ?? false)),
    left: Int32Array.from(nodes, ({ split }) => split?.left ?? -1),
    right: Int32Array.from(nodes, ({ split }) => split?.right ?? -1),
    value: Float32Array.from(nodes, ({ value }) => value),
    cover: Float64Array.from(nodes, ({ cover }) => cover),
  };
}
