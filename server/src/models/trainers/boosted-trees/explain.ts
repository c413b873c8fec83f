import { goesLeft } from "./predict.ts";
import type { Ensemble, TableFeature, Tree } from "./types.ts";

/** What each feature added to each score of a row; with `bias` they sum to the score. */
export interface Contributions {
  /** One an output. */
  readonly bias: Float64Array;
  /** Outputs x features of the table. */
  readonly features: readonly Float64Array[];
}

/**
 * Explains rows, before the link: algorithm 2 of Lundberg, Erion and Lee 2018, "Consistent Individualized Feature Attribution for Tree
 * Ensembles" (path-dependent; equal to XGBoost's `pred_contribs`).
 */
export function createExplainer({ base, trees }: Ensemble): (features: Features, row: number) => Contributions {
  const bias = Float64Array.from(base);
  for (const [number, tree] of trees.entries()) bias[number % base.length]! += meanOf(tree, 0);
  const walks = trees.map((tree) => createWalk(tree));
  return (features, row) => {
    const sums = Array.from(base, () => new Float64Array(features.length));
    for (const [number, walk] of walks.entries()) walk(features, row, sums[number % base.length]!);
    return { bias, features: sums };
  };
}

type Features = readonly Pick<TableFeature, "values">[];

function meanOf(tree: Tree, node: number): number {
  const [left, right] = [tree.left[node]!, tree.right[node]!];
  if (left === -1) return tree.value[node]!;
  return (tree.cover[left]! * meanOf(tree, left) + tree.cover[right]! * meanOf(tree, right)) / tree.cover[node]!;
}

function depthOf(tree: Tree, node: number): number {
  return tree.left[node] === -1 ? 0 : 1 + Math.max(depthOf(tree, tree.left[node]!), depthOf(tree, tree.right[node]!));
}

/** Adds the contributions of one tree. The names in brackets are the paper's. */
function createWalk(tree: Tree): (features: Features, row: number, sums: Float64Array) => void {
  if (tree.left[0] === -1) return () => {};
  // The path to a node of depth d, with an empty step before it, lies at d * width; so that a path is copied, not made, on the way down.
  const width = depthOf(tree, 0) + 2;
  const met = new Int32Array(width * width);
  /** [z] and [o]: the share of rows that go on when the feature is not known, and when it is. */
  const zeros = new Float64Array(width * width);
  const ones = new Float64Array(width * width);
  /** [w]: permutation weights of the subsets, by size. */
  const weights = new Float64Array(width * width);

  /** [EXTEND] by one step; `last` is its place. */
  function extend(at: number, last: number, step: readonly [zero: number, one: number, feature: number]): void {
    const [zero, one, feature] = step;
    met[at + last] = feature;
    zeros[at + last] = zero;
    ones[at + last] = one;
    weights[at + last] = last === 0 ? 1 : 0;
    for (let place = last - 1; place >= 0; place--) {
      weights[at + place + 1]! += (one * weights[at + place]! * (place + 1)) / (last + 1);
      weights[at + place]! *= (zero * (last - place)) / (last + 1);
    }
  }

  /** Weights as if the step at `without` had not been made, one by one from the last but one; answers their sum. */
  function unwound(at: number, last: number, { without, keep }: { without: number; keep: boolean }): number {
    const zero = zeros[at + without]!;
    const one = ones[at + without]!;
    let next = weights[at + last]!;
    let sum = 0;
    for (let place = last - 1; place >= 0; place--) {
      const own = weights[at + place]!;
      const weight = one === 0 ? (own * (last + 1)) / (zero * (last - place)) : (next * (last + 1)) / ((place + 1) * one);
      next = own - (weight * zero * (last - place)) / (last + 1);
      sum += weight;
      if (keep) weights[at + place] = weight;
    }
    return sum;
  }

  /** [UNWIND]: takes a step out of the path. */
  function unwind(at: number, last: number, without: number): void {
    unwound(at, last, { without, keep: true });
    for (let place = without; place < last; place++) {
      met[at + place] = met[at + place + 1]!;
      zeros[at + place] = zeros[at + place + 1]!;
      ones[at + place] = ones[at + place + 1]!;
    }
  }

  return (features, row, sums) => {
    /** `last` is the place of the step that leads to the node; its path so far lies in the row above. */
    function descend(
      node: number,
      place: readonly [depth: number, last: number],
      step: readonly [zero: number, one: number, feature: number],
    ): void {
      const [depth, before] = place;
      const at = depth * width;
      if (depth > 0) {
        const above = at - width;
        met.copyWithin(at, above, above + before);
        zeros.copyWithin(at, above, above + before);
        ones.copyWithin(at, above, above + before);
        weights.copyWithin(at, above, above + before);
      }
      let last = before;
      extend(at, last, step);
      const left = tree.left[node]!;
      if (left === -1) {
        for (let each = 1; each <= last; each++)
          sums[met[at + each]!]! +=
            unwound(at, last, { without: each, keep: false }) * (ones[at + each]! - zeros[at + each]!) * tree.value[node]!;
        return;
      }
      const right = tree.right[node]!;
      const feature = tree.feature[node]!;
      let [zero, one] = [1, 1];
      for (let each = 1; each <= last; each++) {
        if (met[at + each] !== feature) continue;
        zero = zeros[at + each]!;
        one = ones[at + each]!;
        unwind(at, last, each);
        last -= 1;
        break;
      }
      const [hot, cold] = goesLeft(tree, node, features[feature]!.values[row]!) ? [left, right] : [right, left];
      descend(hot, [depth + 1, last + 1], [(zero * tree.cover[hot]!) / tree.cover[node]!, one, feature]);
      descend(cold, [depth + 1, last + 1], [(zero * tree.cover[cold]!) / tree.cover[node]!, 0, feature]);
    }
    descend(0, [0, 0], [1, 1, -1]);
  };
}
