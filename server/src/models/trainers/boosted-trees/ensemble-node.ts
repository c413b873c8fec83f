import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Ensemble, Tree } from "./types.ts";

/** Equal to no code: codes are integers. */
const noCode = 0.5;

interface NodeRow {
  readonly tree: number;
  readonly id: number;
  readonly feature: number;
  readonly mode: "LEAF" | "BRANCH_LEQ" | "BRANCH_EQ";
  readonly value: number;
  readonly yes: number;
  readonly no: number;
  readonly missingYes: number;
}

/**
 * Adds the trees as one node: `TreeEnsembleRegressor` (ai.onnx.ml, opset 3), from features [N, F] (float; a category is its code) to
 * scores [N, outputs], whose name it answers. A set of categories is a chain of questions "is it this one?" whose yes is the same node, as LightGBM's converters have it.
 */
export function writeEnsemble(graph: GraphBuilder, { base, trees }: Ensemble, input: string): string {
  const rows = trees.flatMap((tree, number) => rowsOf(tree, number));
  const leaves = trees.flatMap((tree, number) =>
    Array.from(tree.left, (left, id) => ({ number, id, isLeaf: left === -1, value: tree.value[id]! })).filter(({ isLeaf }) => isLeaf),
  );
  const integers = (of: readonly number[]) => ({ integers: of });
  return graph.add("TreeEnsembleRegressor", [input], {
    domain: "ai.onnx.ml",
    attributes: {
      n_targets: base.length,
      aggregate_function: "SUM",
      post_transform: "NONE",
      base_values: { floats: base },
      nodes_treeids: integers(rows.map(({ tree }) => tree)),
      nodes_nodeids: integers(rows.map(({ id }) => id)),
      nodes_featureids: integers(rows.map(({ feature }) => feature)),
      nodes_modes: rows.map(({ mode }) => mode),
      nodes_values: { floats: rows.map(({ value }) => value) },
      nodes_truenodeids: integers(rows.map(({ yes }) => yes)),
      nodes_falsenodeids: integers(rows.map(({ no }) => no)),
      nodes_missing_value_tracks_true: integers(rows.map(({ missingYes }) => missingYes)),
      target_treeids: integers(leaves.map(({ number }) => number)),
      target_nodeids: integers(leaves.map(({ id }) => id)),
      target_ids: integers(leaves.map(({ number }) => number % base.length)),
      target_weights: { floats: leaves.map(({ value }) => value) },
    },
  });
}

function rowsOf(tree: Tree, number: number): NodeRow[] {
  let free = tree.left.length;
  return Array.from(tree.left, (left, id): NodeRow[] => {
    const place = { tree: number, feature: tree.feature[id]! };
    if (left === -1) return [{ ...place, id, feature: 0, mode: "LEAF", value: 0, yes: 0, no: 0, missingYes: 0 }];
    const branch = { ...place, yes: left, no: tree.right[id]!, missingYes: tree.missingLeft[id]! };
    const categories = tree.categories[id];
    if (categories == null) return [{ ...branch, id, mode: "BRANCH_LEQ", value: tree.threshold[id]! }];
    const codes = categories.length === 0 ? [noCode] : categories;
    return codes.map((code, at) => {
      const isLast = at === codes.length - 1;
      const own = at === 0 ? id : free++;
      return {
        ...branch,
        id: own,
        mode: "BRANCH_EQ",
        value: code,
        no: isLast ? branch.no : free,
        missingYes: at === 0 ? branch.missingYes : 0,
      };
    });
  }).flat();
}
