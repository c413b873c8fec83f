import type { LeafSums } from "./find-number-split.ts";
import type { Kernels } from "./kernels.ts";
import { type Layout, partitionLength, partitionParts } from "./layout.ts";
import type { SplitRecord } from "./search-splits.ts";
import { leftBins } from "./tree-draft.ts";

/** Rows up to which one thread is faster alone. */
const rowsForParts = 50_000;

/** What is partitioned, and by what. */
export interface PartitionRequest {
  /** Of the index. */
  readonly from: number;
  readonly to: number;
  readonly split: SplitRecord;
}

/** Moves the rows that go left to the front of their range of the index; both sides keep their order. Answers where the right begins. */
export function partition(
  memory: WebAssembly.Memory,
  layout: Layout,
  { from, to, split, run }: PartitionRequest & { run: (parts: number) => void },
): number {
  const { buffer } = memory;
  const parts = to - from < rowsForParts ? 1 : partitionParts;
  const tile = layout.tiles.findLast(({ first }) => first <= split.feature)!;
  new Uint8Array(buffer, layout.tableAt, 256).set(leftBins(split));
  new Float64Array(buffer, layout.partitionAt, partitionLength).set([
    from,
    to,
    parts,
    tile.binsAt + split.feature - tile.first,
    tile.width,
  ]);
  run(parts);
  const counts = new Int32Array(buffer, layout.partitionAt + 8 * partitionLength, parts);
  const index = new Uint32Array(buffer, layout.indexAt, layout.rows);
  const scratch = new Uint32Array(buffer, layout.scratchAt, layout.rows);
  let left = from;
  for (let part = 0; part < parts; part++) {
    const [start] = rangeOf(part, { from, to, parts });
    index.copyWithin(left, start, start + counts[part]!);
    left += counts[part]!;
  }
  let right = left;
  for (let part = 0; part < parts; part++) {
    const [start, end] = rangeOf(part, { from, to, parts });
    const rest = end - start - counts[part]!;
    index.set(scratch.subarray(start, start + rest), right);
    right += rest;
  }
  return left;
}

/** One part: its rows that go left to its front, the others to its place in the scratch. */
export function createPartitionWork({ buffer }: WebAssembly.Memory, layout: Layout, kernels: Kernels): (part: number) => void {
  const request = new Float64Array(buffer, layout.partitionAt, partitionLength);
  const counts = new Int32Array(buffer, layout.partitionAt + 8 * partitionLength, partitionParts);
  return (part) => {
    const [from, to, parts, bins, stride] = request;
    const [start, end] = rangeOf(part, { from: from!, to: to!, parts: parts! });
    const rows = layout.indexAt + 4 * start;
    const kept = kernels.partition(rows, layout.indexAt + 4 * end, bins!, stride!, layout.tableAt, layout.scratchAt + 4 * start);
    // Addresses above 2 GiB come back negative.
    counts[part] = ((kept >>> 0) - rows) / 4;
  };
}

function rangeOf(part: number, { from, to, parts }: { from: number; to: number; parts: number }): [start: number, end: number] {
  const place = (share: number) => from + Math.floor((share * (to - from)) / parts);
  return [place(part), place(part + 1)];
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
