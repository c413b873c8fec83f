import { findCategorySplit } from "./find-category-split.ts";
import { type FoundSplit, type LeafSums, findNumberSplit } from "./find-number-split.ts";
import { type Kernels, histogramBytes } from "./kernels.ts";
import { type Layout, recordLength, requestLength } from "./layout.ts";
import type { GrowthOptions } from "./types.ts";

/** Which leaves are looked at: the smaller of two siblings is summed from its rows, the other is the parent less that. */
export interface LeafRequest {
  readonly output: number;
  /** Rows of the smaller, as places in the index. */
  readonly from: number;
  readonly to: number;
  readonly slot: number;
  readonly leaf: LeafSums;
  /** Its slot holds the histograms of the parent; null for the root, which has no sibling. */
  readonly sibling: { readonly slot: number; readonly leaf: LeafSums } | null;
}

export interface SplitRecord extends FoundSplit {
  readonly feature: number;
}

export function writeRequest(memory: WebAssembly.Memory, layout: Layout, request: LeafRequest): void {
  const { output, from, to, slot, leaf, sibling } = request;
  const sums = (of: LeafSums) => [of.gradient, of.hessian, of.rows, of.lower, of.upper];
  const head = [output, from, to, slot, sibling?.slot ?? -1];
  new Float64Array(memory.buffer, layout.requestAt, requestLength).set([...head, ...sums(leaf), ...sums(sibling?.leaf ?? leaf)]);
}

/** The best split of each of the two leaves over all tiles; the first feature wins a tie. Null where none helps. */
export function readResults(memory: WebAssembly.Memory, layout: Layout): (SplitRecord | null)[] {
  return [0, 1].map((which) => {
    let best: Float64Array | null = null;
    for (let tile = 0; tile < layout.tiles.length; tile++) {
      const record = new Float64Array(memory.buffer, layout.resultsAt + (2 * tile + which) * recordLength * 8, recordLength);
      if (record[0]! > (best?.[0] ?? 0)) best = record;
    }
    return best === null ? null : readRecord(best);
  });
}

/** The work of one tile on a request: sums, the difference, and the best split of each leaf into the tile's two records. */
export function createTileWork(
  memory: WebAssembly.Memory,
  layout: Layout,
  { kernels, options }: { readonly kernels: Kernels; readonly options: GrowthOptions },
): (tile: number) => void {
  const { buffer } = memory;
  const request = new Float64Array(buffer, layout.requestAt, requestLength);
  // One view of everything: making one for each histogram takes longer than looking at it.
  const doubles = new Float64Array(buffer);
  const slotBytes = layout.features.length * histogramBytes;
  const pairs = histogramBytes / 8;

  /** `at` is where the tile's histograms begin, in doubles. */
  function search(at: number, { tile, record, leaf }: { tile: number; record: number; leaf: LeafSums }): void {
    const { first, width } = layout.tiles[tile]!;
    const out = layout.resultsAt / 8 + (2 * tile + record) * recordLength;
    doubles[out] = 0;
    if (leaf.rows < 2 * options.minimumRows) return;
    for (let index = 0; index < width; index++) {
      const { kind, bins, monotone } = layout.features[first + index]!;
      const input = { histogram: doubles, at: at + index * pairs, bins, monotone, leaf, options };
      const found = kind === "number" ? findNumberSplit(input) : findCategorySplit(input);
      if (found !== null && found.gain > doubles[out]) writeRecord(doubles.subarray(out, out + recordLength), first + index, found);
    }
  }

  return (tile) => {
    const { first, width, binsAt } = layout.tiles[tile]!;
    const [output, from, to, slot, siblingSlot] = request;
    const offset = layout.histogramsAt + first * histogramBytes;
    const bytesAt = offset + slot! * slotBytes;
    const at = bytesAt / 8;
    for (let index = 0; index < width; index++)
      doubles.fill(0, at + index * pairs, at + index * pairs + 2 * layout.features[first + index]!.bins);
    const gradients = layout.gradientsAt + output! * layout.rows * 8;
    kernels.histograms[width - 1]!(layout.indexAt + 4 * from!, layout.indexAt + 4 * to!, binsAt, gradients, bytesAt);
    search(at, { tile, record: 0, leaf: readSums(request, 5) });
    if (siblingSlot === -1) {
      doubles[layout.resultsAt / 8 + (2 * tile + 1) * recordLength] = 0;
      return;
    }
    const rest = (offset + siblingSlot! * slotBytes) / 8;
    for (let index = 0; index < width; index++) {
      const end = index * pairs + 2 * layout.features[first + index]!.bins;
      for (let place = index * pairs; place < end; place++) doubles[rest + place]! -= doubles[at + place]!;
    }
    search(rest, { tile, record: 1, leaf: readSums(request, 10) });
  };
}

function readSums(request: Float64Array, at: number): LeafSums {
  return {
    gradient: request[at]!,
    hessian: request[at + 1]!,
    rows: request[at + 2]!,
    lower: request[at + 3]!,
    upper: request[at + 4]!,
  };
}

const maskAt = 9;

function writeRecord(out: Float64Array, feature: number, found: FoundSplit): void {
  const { gain, bin, missingLeft, leftGradient, leftHessian, leftOutput, rightOutput, bins } = found;
  out.set([gain, feature, bin, Number(missingLeft), leftGradient, leftHessian, leftOutput, rightOutput, Number(bins !== null)]);
  // 32 bins a double: it holds them exactly.
  out.fill(0, maskAt, maskAt + 8);
  for (const each of bins ?? []) out[maskAt + (each >> 5)]! += 2 ** (each & 31);
}

function readRecord(record: Float64Array): SplitRecord {
  const [gain, feature, bin, missingLeft, leftGradient, leftHessian, leftOutput, rightOutput, isSet] = record as unknown as number[];
  return {
    gain: gain!,
    feature: feature!,
    bin: bin!,
    missingLeft: missingLeft === 1,
    leftGradient: leftGradient!,
    leftHessian: leftHessian!,
    leftOutput: leftOutput!,
    rightOutput: rightOutput!,
    bins: isSet === 1 ? readMask(record) : null,
  };
}

function readMask(record: Float64Array): number[] {
  const bins: number[] = [];
  for (let bin = 0; bin < 256; bin++) if (Math.floor(record[maskAt + (bin >> 5)]! / 2 ** (bin & 31)) % 2 === 1) bins.push(bin);
  return bins;
}
