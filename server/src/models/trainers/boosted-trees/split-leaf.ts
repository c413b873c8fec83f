import type { LeafSums } from "./find-number-split.ts";
import type { Layout } from "./layout.ts";
import type { SplitRecord } from "./search-splits.ts";
import { leftBins } from "./tree-draft.ts";

/** Moves the rows that go left to the front of their range of the index; both sides keep their order. Answers where the right begins. */
export function partition(memory: WebAssembly.Memory, layout: Layout, range: { from: number; to: number; split: SplitRecord }): number {
  const { from, to, split } = range;
  const index = new Uint32Array(memory.buffer, layout.indexAt, layout.rows);
  const scratch = new Uint32Array(memory.buffer, layout.scratchAt, layout.rows);
  const tile = layout.tiles.findLast(({ first }) => first <= split.feature)!;
  const bins = new Uint8Array(memory.buffer, tile.binsAt + split.feature - tile.first);
  const { width } = tile;
  const goesLeft = leftBins(split);
  let left = from;
  let right = 0;
  // Without a branch: which way a row goes is anybody's guess, and a wrong guess of the processor costs more than a write.
  for (let at = from; at < to; at++) {
    const row = index[at]!;
    const isLeft = goesLeft[bins[row * width]!]!;
    index[left] = row;
    scratch[right] = row;
    left += isLeft;
    right += 1 - isLeft;
  }
  index.set(scratch.subarray(0, right), left);
  return left;
}

/** What the two sides of a split may answer: a monotone feature keeps them on their sides of the middle. */
export function splitSums(
  parent: LeafSums,
  split: SplitRecord,
  { monotone, leftRows }: { monotone: -1 | 0 | 1; leftRows: number },
): LeafSums[] {
  const middle = (split.leftOutput + split.rightOutput) / 2;
  const below = { lower: parent.lower, upper: Math.min(parent.upper, middle) };
  const above = { lower: Math.max(parent.lower, middle), upper: parent.upper };
  const free = { lower: parent.lower, upper: parent.upper };
  const [leftBounds, rightBounds] = monotone === 0 ? [free, free] : monotone === 1 ? [below, above] : [above, below];
  return [
    { gradient: split.leftGradient, hessian: split.leftHessian, rows: leftRows, ...leftBounds },
    {
      gradient: parent.gradient - split.leftGradient,
      hessian: parent.hessian - split.leftHessian,
      rows: parent.rows - leftRows,
      ...rightBounds,
    },
  ];
}
