import { checkTable } from "./check-table.ts";
import { createCrew } from "./crew.ts";
import { type GrownLeaf, growTree } from "./grow-tree.ts";
import { gradientParts, work } from "./hands.ts";
import { type FeatureMeta, createMemory, planLayout } from "./layout.ts";
import { createObjective } from "./objectives/index.ts";
import { findLeaf } from "./predict.ts";
import { chooseBins, drawHeldOut, fillMemory, startsOfGroups } from "./prepare-table.ts";
import { toTree } from "./tree-draft.ts";
import type { BoostingOptions, Ensemble, Table, Tree } from "./types.ts";

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
