import type { TableFeature } from "./types.ts";

/** How the values of a feature become bins. Bin 0 holds what is missing, and of categories what is rare or new. */
export type FeatureBins =
  | {
      readonly kind: "number";
      /** False when the sample has one value and nothing else: there is nothing to split. */
      readonly varies: boolean;
      /** Bins in use, with bin 0. */
      readonly count: number;
      /** Ascending; a value goes to the first whose edge is not below it; the last bin has no edge. */
      readonly edges: Float32Array;
    }
  | {
      readonly kind: "category";
      readonly varies: boolean;
      readonly count: number;
      /** The code of each bin from 1 on. */
      readonly codes: Int32Array;
      /** The bin of each code. */
      readonly binOfCode: Uint8Array;
      /** The bin of missing values: 0 when they are too rare for one of their own. */
      readonly missingBin: number;
    };

/** Values a bin of a number should stand for at least. */
const minimumPerBin = 3;

/** Chooses bins from a sample of rows. `bins` counts the bin of missing values. */
export function fitBins(feature: TableFeature, sample: Uint32Array, bins: number): FeatureBins {
  return feature.kind === "number" ? fitNumber(feature.values, sample, bins) : fitCategory(feature.values, sample, bins);
}

function fitNumber(values: Float64Array, sample: Uint32Array, bins: number): FeatureBins {
  const taken = new Float32Array(sample.length);
  let count = 0;
  for (let at = 0; at < sample.length; at++) {
    const value = values[sample[at]!]!;
    taken[count] = value;
    if (value === value) count += 1;
  }
  const edges = chooseEdges(countDistinct(taken.subarray(0, count).sort()), bins - 1, count);
  const varies = edges.length > 0 || (count > 0 && count < sample.length);
  return { kind: "number", varies, count: edges.length + 2, edges: Float32Array.from(edges) };
}

interface Distinct {
  readonly values: Float32Array;
  readonly counts: Uint32Array;
}

function countDistinct(sorted: Float32Array): Distinct {
  const values = new Float32Array(sorted.length);
  const counts = new Uint32Array(sorted.length);
  let size = 0;
  for (let at = 0; at < sorted.length; at++) {
    const value = sorted[at]!;
    if (size === 0 || values[size - 1] !== value) values[size++] = value;
    counts[size - 1]! += 1;
  }
  return { values: values.subarray(0, size), counts: counts.subarray(0, size) };
}

/** Edges between the bins of numbers, as LightGBM's `GreedyFindBin`: equal shares, and values that fill a share alone have their own bin. */
function chooseEdges({ values, counts }: Distinct, bins: number, total: number): number[] {
  const edges: number[] = [];
  const close = (index: number) => edges.push(between(values[index]!, values[index + 1]!));
  let inBin = 0;
  if (values.length <= bins) {
    for (let index = 0; index + 1 < values.length; index++) {
      inBin += counts[index]!;
      if (inBin < minimumPerBin) continue;
      close(index);
      inBin = 0;
    }
    return edges;
  }
  const most = Math.max(1, Math.min(bins, Math.floor(total / minimumPerBin)));
  let share = total / most;
  let restBins = most;
  let rest = total;
  const big = new Uint8Array(counts.length);
  for (let index = 0; index < counts.length; index++) {
    if (counts[index]! < share) continue;
    big[index] = 1;
    restBins -= 1;
    rest -= counts[index]!;
  }
  share = rest / restBins;
  for (let index = 0; index + 1 < values.length && edges.length < most - 1; index++) {
    if (big[index] === 0) rest -= counts[index]!;
    inBin += counts[index]!;
    if (big[index] === 0 && inBin < share && (big[index + 1] === 0 || inBin < Math.max(1, share / 2))) continue;
    close(index);
    inBin = 0;
    if (big[index] === 1) continue;
    restBins -= 1;
    share = rest / restBins;
  }
  return edges;
}

/** A 32-bit float that is at least `low` and below `high`. */
function between(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle >= high || middle < low ? low : middle;
}

/** The most frequent codes have a bin each, until they cover 99% of the rows; the rest share bin 0. */
function fitCategory(values: Float64Array, sample: Uint32Array, bins: number): FeatureBins {
  const counts = new Map<number, number>();
  for (const row of sample) {
    const code = Number.isNaN(values[row]!) ? -1 : values[row]!;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const byCount = [...counts].sort(([code, count], [otherCode, other]) => other - count || code - otherCode);
  const chosen: number[] = [];
  let covered = 0;
  for (const [code, count] of byCount) {
    if (chosen.length >= bins - 1 || (covered >= 0.99 * sample.length && counts.size > bins) || count < minimumPerBin) break;
    chosen.push(code);
    covered += count;
  }
  const codes = Int32Array.from(chosen);
  const binOfCode = new Uint8Array(codes.reduce((most, code) => Math.max(most, code), -1) + 1);
  for (const [index, code] of codes.entries()) if (code >= 0) binOfCode[code] = index + 1;
  return { kind: "category", varies: counts.size > 1, count: codes.length + 1, codes, binOfCode, missingBin: codes.indexOf(-1) + 1 };
}

/** Writes the bin of each row's category to `out[row * stride]`. */
export function writeCategoryBins(
  bins: Extract<FeatureBins, { kind: "category" }>,
  values: Float64Array,
  { out, stride }: { out: Uint8Array; stride: number },
): void {
  for (let row = 0; row < values.length; row++) {
    const code = values[row]!;
    out[row * stride] = Number.isNaN(code) ? bins.missingBin : (bins.binOfCode[code] ?? 0);
  }
}
