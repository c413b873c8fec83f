import type { FeatureBins } from "./bin-feature.ts";
import type { Crew } from "./crew.ts";
import type { LeafSums } from "./find-number-split.ts";
import { work } from "./hands.ts";
import type { Layout } from "./layout.ts";
import { type SplitRecord, readResults, writeRequest } from "./search-splits.ts";
import { partition, splitSums } from "./split-leaf.ts";
import { type NodeDraft, leafDraft, toQuestion } from "./tree-draft.ts";
import type { GrowthOptions } from "./types.ts";

export interface GrownLeaf {
  readonly node: NodeDraft;
  /** Ends with the next tree: a view of the shared index. */
  readonly rows: Uint32Array;
  /** Its `lower` and `upper` bound what it may answer. */
  readonly sums: LeafSums;
  /** The Newton step, before the learning rate. */
  readonly output: number;
}

export interface GrowDeps {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly crew: Crew;
  readonly options: GrowthOptions;
  /** In the layout's order, as is `featureNumbers`: which feature of the table it is. */
  readonly bins: readonly FeatureBins[];
  readonly featureNumbers: readonly number[];
}

interface GrowingLeaf {
  readonly node: NodeDraft;
  readonly from: number;
  readonly to: number;
  /** Of its histograms. */
  readonly slot: number;
  readonly sums: LeafSums;
  readonly output: number;
  /** The best one known; null: none helps, or it is too small. */
  split: SplitRecord | null;
}

/** Grows one tree of one output's gradients, leaf by leaf: whichever split helps most is made next, as LightGBM does. */
export function growTree(deps: GrowDeps, output: number, rows: Uint32Array): { nodes: NodeDraft[]; leaves: GrownLeaf[] } {
  const { memory, layout, options } = deps;
  const index = new Uint32Array(memory.buffer, layout.indexAt, rows.length);
  index.set(rows);
  const root = startRoot(deps, output, rows);
  const nodes = [root.node];
  const leaves = [root];
  lookAt(deps, output, [root, null]);
  while (leaves.length < options.leaves) {
    const parent = leaves.reduce((best, leaf) => ((leaf.split?.gain ?? 0) > (best.split?.gain ?? 0) ? leaf : best));
    if (parent.split === null) break;
    const [left, right] = split(deps, parent, { split: parent.split, freeSlot: leaves.length });
    const question = toQuestion(parent.split, deps.bins[parent.split.feature]!, deps.featureNumbers[parent.split.feature]!);
    parent.node.split = { question, left: nodes.length, right: nodes.length + 1 };
    nodes.push(left.node, right.node);
    leaves.splice(leaves.indexOf(parent), 1, left);
    leaves.push(right);
    if (leaves.length < options.leaves) lookAt(deps, output, left.sums.rows <= right.sums.rows ? [left, right] : [right, left]);
  }
  return {
    nodes,
    leaves: leaves.map(({ node, from, to, sums, output: step }) => ({ node, rows: index.subarray(from, to), sums, output: step })),
  };
}

function startRoot({ memory, layout }: GrowDeps, output: number, rows: Uint32Array): GrowingLeaf {
  const gradients = new Float32Array(memory.buffer, layout.gradientsAt + 8 * output * layout.rows, 2 * layout.rows);
  let gradient = 0;
  let hessian = 0;
  for (let at = 0; at < rows.length; at++) {
    gradient += gradients[2 * rows[at]!]!;
    hessian += gradients[2 * rows[at]! + 1]!;
  }
  const sums = { gradient, hessian, rows: rows.length, lower: -Infinity, upper: Infinity };
  return { node: leafDraft(), from: 0, to: rows.length, slot: 0, sums, output: 0, split: null };
}

/** Finds the best split of a leaf and of its larger sibling, all threads together. */
function lookAt({ memory, layout, crew, options }: GrowDeps, output: number, [leaf, sibling]: [GrowingLeaf, GrowingLeaf | null]): void {
  const least = 2 * options.minimumRows;
  if (leaf.sums.rows < least && (sibling?.sums.rows ?? 0) < least) return;
  writeRequest(memory, layout, {
    output,
    from: leaf.from,
    to: leaf.to,
    slot: leaf.slot,
    leaf: leaf.sums,
    sibling:
      sibling === null
        ? null
        : {
            slot: sibling.slot,
            leaf: sibling.sums,
          },
  });
  crew.run(work.tiles, layout.tiles.length);
  const [first, second] = readResults(memory, layout);
  leaf.split = first!;
  if (sibling !== null) sibling.split = second!;
}

/** The larger side keeps the parent's slot: its histograms are the parent's less those of the smaller. */
function split(
  { memory, layout, crew }: GrowDeps,
  parent: GrowingLeaf,
  { split: record, freeSlot }: { split: SplitRecord; freeSlot: number },
): [GrowingLeaf, GrowingLeaf] {
  const { from, to, slot } = parent;
  const middle = partition(memory, layout, { from, to, split: record, run: (parts) => crew.run(work.partition, parts) });
  const leftRows = middle - from;
  const [left, right] = splitSums(parent.sums, record, { monotone: layout.features[record.feature]!.monotone, leftRows });
  const leftIsSmaller = leftRows <= to - middle;
  const slots = leftIsSmaller ? [freeSlot, slot] : [slot, freeSlot];
  return [
    { node: leafDraft(), from, to: middle, slot: slots[0]!, sums: left!, output: record.leftOutput, split: null },
    { node: leafDraft(), from: middle, to, slot: slots[1]!, sums: right!, output: record.rightOutput, split: null },
  ];
}
