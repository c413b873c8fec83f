import { AppError, createRandom } from "../../../core/index.ts";
import { type FeatureBins, fitBins, writeCategoryBins } from "./bin-feature.ts";
import { createKernels } from "./kernels.ts";
import type { Layout } from "./layout.ts";
import type { BoostingOptions, Table } from "./types.ts";

/** Rows that bins are chosen from: hundreds for each bin. */
const sampleRows = 100_000;
/** Rows of whole groups, ascending: what trees learn from, and what tells when to stop. */
export function drawHeldOut(
  starts: Uint32Array,
  { earlyStoppingRounds, earlyStoppingShare, seed }: BoostingOptions,
): { train: Uint32Array; held: Uint32Array } {
  const groups = starts.length - 1;
  const isHeld = new Uint8Array(groups);
  if (earlyStoppingRounds > 0) {
    const order = createRandom(seed).shuffle(Uint32Array.from({ length: groups }, (_, group) => group));
    for (const group of order.subarray(0, Math.max(1, Math.floor(groups * earlyStoppingShare)))) isHeld[group] = 1;
  }
  const rows = starts[groups]!;
  const train = new Uint32Array(rows);
  const held = new Uint32Array(rows);
  let [trainCount, heldCount] = [0, 0];
  for (let group = 0; group < groups; group++) {
    for (let row = starts[group]!; row < starts[group + 1]!; row++) {
      if (isHeld[group] === 1) held[heldCount++] = row;
      else train[trainCount++] = row;
    }
  }
  return { train: train.slice(0, trainCount), held: held.slice(0, heldCount) };
}

export function startsOfGroups({ groups, rows }: Table): Uint32Array | null {
  if (groups === undefined) return null;
  const starts = [0];
  for (let row = 1; row < rows; row++) if (groups[row] !== groups[row - 1]) starts.push(row);
  return Uint32Array.from([...starts, rows]);
}

/** Bins of the features that vary among the training rows. */
export function chooseBins(
  { features }: Table,
  train: Uint32Array,
  { bins: most }: BoostingOptions,
): { bins: FeatureBins[]; featureNumbers: number[] } {
  const every = Math.max(1, train.length / sampleRows);
  const sample = Uint32Array.from({ length: Math.floor(train.length / every) }, (_, index) => train[Math.floor(index * every)]!);
  const chosen = features
    .map((feature, number) => ({ number, fitted: fitBins(feature, sample, most) }))
    .filter(({ fitted }) => fitted.varies);
  if (chosen.length === 0) {
    throw new AppError("training_failed", "No feature has more than one value in the training rows, so there is nothing to learn from.", {
      details: { features: features.map(({ name }) => name) },
    });
  }
  return { bins: chosen.map(({ fitted }) => fitted), featureNumbers: chosen.map(({ number }) => number) };
}

interface Filling {
  readonly table: Table;
  readonly groupStarts: Uint32Array | null;
  readonly bins: readonly FeatureBins[];
  readonly featureNumbers: readonly number[];
}

export function fillMemory(memory: WebAssembly.Memory, layout: Layout, { table, groupStarts, bins, featureNumbers }: Filling): void {
  const { buffer } = memory;
  const kernels = createKernels(memory);
  new Float64Array(buffer, layout.targetAt, layout.rows).set(table.target);
  if (table.weights !== undefined) new Float64Array(buffer, layout.weightsAt, layout.rows).set(table.weights);
  if (groupStarts !== null) new Uint32Array(buffer, layout.groupStartsAt, groupStarts.length).set(groupStarts);
  for (const { first, width, binsAt } of layout.tiles) {
    for (let column = 0; column < width; column++) {
      const { values } = table.features[featureNumbers[first + column]!]!;
      const own = bins[first + column]!;
      if (own.kind === "category") {
        writeCategoryBins(own, values, { out: new Uint8Array(buffer, binsAt + column), stride: width });
        continue;
      }
      new Float32Array(buffer, layout.scratchAt, layout.rows).set(values);
      const edges = new Float32Array(buffer, layout.histogramsAt, 256).fill(Infinity);
      edges.set(own.edges);
      kernels.bin(layout.scratchAt, layout.scratchAt + 4 * layout.rows, layout.histogramsAt, binsAt + column, width);
    }
  }
}
