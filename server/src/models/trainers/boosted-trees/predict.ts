import type { Ensemble, TableFeature, Tree } from "./types.ts";

type Features = readonly Pick<TableFeature, "values">[];

/** The leaf that a row comes to. Numbers are compared as 32-bit floats, as the ONNX graph does. */
export function findLeaf(tree: Tree, features: Features, row: number): number {
  let node = 0;
  while (tree.left[node] !== -1)
    node = goesLeft(tree, node, features[tree.feature[node]!]!.values[row]!) ? tree.left[node]! : tree.right[node]!;
  return node;
}

export function goesLeft(tree: Tree, node: number, value: number): boolean {
  if (Number.isNaN(value)) return tree.missingLeft[node] === 1;
  const categories = tree.categories[node];
  return categories == null ? Math.fround(value) <= tree.threshold[node]! : categories.includes(value);
}

/** Scores before the link, one array a row, an entry an output. */
export function scoreRows({ base, trees }: Ensemble, features: Features, rows: number): Float64Array[] {
  const scores = Array.from({ length: rows }, () => Float64Array.from(base));
  // Tree by tree: one tree stays in the cache, all of them do not.
  for (const [number, tree] of trees.entries()) {
    const output = number % base.length;
    for (let row = 0; row < rows; row++) scores[row]![output]! += tree.value[findLeaf(tree, features, row)]!;
  }
  return scores;
}

/** What the scores mean: probabilities of the classes (two for `binary`), the mean of `poisson`; otherwise the one value itself. */
export function applyLink(objective: Ensemble["objective"], scores: Float64Array): Float64Array {
  switch (objective) {
    case "binary": {
      const probability = 1 / (1 + Math.exp(-scores[0]!));
      return Float64Array.of(1 - probability, probability);
    }
    case "multiclass": {
      const most = Math.max(...scores);
      const parts = scores.map((score) => Math.exp(score - most));
      const sum = parts.reduce((total, part) => total + part, 0);
      return parts.map((part) => part / sum);
    }
    case "poisson":
      return scores.map((score) => Math.exp(score));
    default:
      return scores;
  }
}
