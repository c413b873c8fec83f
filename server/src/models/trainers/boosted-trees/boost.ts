import { AppError, createRandom } from "../../../core/index.ts";
import { type FeatureBins, fitBins, writeCategoryBins } from "./bin-feature.ts";
import { checkTable } from "./check-table.ts";
import { createCrew } from "./crew.ts";
import { type GrownLeaf, growTree } from "./grow-tree.ts";
import { createKernels } from "./kernels.ts";
import { gradientParts, work } from "./hands.ts";
import { type FeatureMeta, type Layout, createMemory, planLayout } from "./layout.ts";
import { createObjective } from "./objectives/index.ts";
import { findLeaf } from "./predict.ts";
import { toTree } from "./tree-draft.ts";
import type { BoostingOptions, Ensemble, Table, Tree } from "./types.ts";

/** Rows that bins are chosen from: hundreds for each bin. */
const sampleRows = 100_000;
/** Cells below which helpers cost more than they help. */
const cellsForThreads = 500_000;

/**
 * Gradient-boosted trees: histograms, leaf-wise, as LightGBM (Ke et al. 2017) with its defaults. The same table, options and seed give the same trees,
 * with any number of threads. `training_failed` says what of the table cannot be learned from.
 */
export function boost(table: Table, asked: BoostingOptions): Ensemble {
  checkTable(table, asked);
  const options = { ...asked, threads: table.rows * table.features.length < cellsForThreads ? 1 : asked.threads };
  const groupStarts = startsOfGroups(table);
  const { train, held } = drawHeldOut(groupStarts ?? Uint32Array.from({ length: table.rows + 1 }, (_, row) => row), options);
  const { bins, featureNumbers } = chooseBins(table, train, options);
  const features = bins.map(({ kind, count }, index): FeatureMeta => ({
    kind,
    bins: count,
    monotone: table.features[featureNumbers[index]!]!.monotone ?? 0,
  }));
  const layout = planLayout({
    rows: table.rows,
    features,
    leaves: options.leaves,
    weighted: table.weights !== undefined,
    outputs: options.objective === "multiclass" ? options.classes : 1,
    groups: groupStarts === null ? 0 : groupStarts.length - 1,
  });
  const memory = createMemory(layout);
  fillMemory(memory, layout, { table, groupStarts, bins, featureNumbers });
  const objective = createObjective(memory, layout, options);
  const scores = new Float64Array(memory.buffer, layout.scoresAt, layout.outputs * layout.rows);
  const base = objective.base(train);
  for (let output = 0; output < layout.outputs; output++) scores.fill(base[output]!, output * layout.rows, (output + 1) * layout.rows);

  const crew = createCrew(memory, layout, options);
  const deps = { memory, layout, crew, options, bins, featureNumbers };
  const trees: Tree[] = [];
  let best = { trees: 0, loss: held.length === 0 ? Infinity : objective.loss(held) };

  function addRound(): boolean {
    crew.run(work.gradients, gradientParts);
    let grew = false;
    for (let output = 0; output < layout.outputs; output++) {
      const { nodes, leaves } = growTree(deps, output, train);
      grew ||= leaves.length > 1;
      const at = output * layout.rows;
      for (const leaf of leaves) settle(leaf, leaves.length, scores.subarray(at, at + layout.rows));
      const tree = toTree(nodes);
      trees.push(tree);
      for (const row of held) scores[at + row]! += tree.value[findLeaf(tree, table.features, row)]!;
    }
    return grew;
  }

  function settle({ node, rows, sums, output }: GrownLeaf, leaves: number, own: Float64Array): void {
    const step = leaves === 1 ? 0 : Math.min(sums.upper, Math.max(sums.lower, objective.leafValue?.(rows) ?? output));
    const value = Math.fround(options.learningRate * step);
    node.value = value;
    node.cover = table.weights === undefined ? rows.length : rows.reduce((sum, row) => sum + table.weights![row]!, 0);
    for (let at = 0; at < rows.length; at++) own[rows[at]!]! += value;
  }

  try {
    for (let round = 1; round <= options.trees; round++) {
      if (!addRound()) {
        trees.length -= layout.outputs;
        break;
      }
      options.onTree?.(round);
      if (held.length === 0) continue;
      const loss = objective.loss(held);
      if (loss < best.loss) best = { trees: trees.length, loss };
      else if (trees.length - best.trees >= options.earlyStoppingRounds * layout.outputs) break;
    }
  } finally {
    crew.close();
  }
  return { objective: options.objective, base, trees: held.length === 0 ? trees : trees.slice(0, best.trees) };
}

/** Rows of whole groups, ascending: what trees learn from, and what tells when to stop. */
function drawHeldOut(
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

function startsOfGroups({ groups, rows }: Table): Uint32Array | null {
  if (groups === undefined) return null;
  const starts = [0];
  for (let row = 1; row < rows; row++) if (groups[row] !== groups[row - 1]) starts.push(row);
  return Uint32Array.from([...starts, rows]);
}

/** Bins of the features that vary among the training rows. */
function chooseBins(
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

function fillMemory(memory: WebAssembly.Memory, layout: Layout, { table, groupStarts, bins, featureNumbers }: Filling): void {
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
