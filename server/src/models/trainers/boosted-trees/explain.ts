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
 * SHAP values of a row, before the link: algorithm 2 of Lundberg, Erion and Lee 2018, "Consistent Individualized Feature Attribution for Tree
 * Ensembles" (path-dependent; equal to XGBoost's `pred_contribs`).
 */
export function explainRow({ base, trees }: Ensemble, features: readonly Pick<TableFeature, "values">[], row: number): Contributions {
  const bias = Float64Array.from(base);
  const sums = Array.from(base, () => new Float64Array(features.length));
  for (const [number, tree] of trees.entries()) {
    const output = number % base.length;
    bias[output]! += meanOf(tree, 0);
    if (tree.left[0] !== -1) addTree(tree, sums[output]!, (node) => goesLeft(tree, node, features[tree.feature[node]!]!.values[row]!));
  }
  return { bias, features: sums };
}

function meanOf(tree: Tree, node: number): number {
  const [left, right] = [tree.left[node]!, tree.right[node]!];
  if (left === -1) return tree.value[node]!;
  return (tree.cover[left]! * meanOf(tree, left) + tree.cover[right]! * meanOf(tree, right)) / tree.cover[node]!;
}

/** The features met on the way down. `zero` and `one`: the share of rows that go on when the feature is not known, and when it is. */
interface Step {
  readonly feature: number;
  readonly zero: number;
  readonly one: number;
  /** Permutation weight of the subsets of so many features (`w` in the paper). */
  weight: number;
}

function addTree(tree: Tree, sums: Float64Array, isLeft: (node: number) => boolean): void {
  function descend(node: number, path: readonly Step[], step: Omit<Step, "weight">): void {
    const steps = extend(path, step);
    if (tree.left[node] === -1) {
      for (let at = 1; at < steps.length; at++) {
        const { feature, zero, one } = steps[at]!;
        sums[feature]! += unwoundSum(steps, at) * (one - zero) * tree.value[node]!;
      }
      return;
    }
    const feature = tree.feature[node]!;
    const met = steps.findIndex((each, at) => at > 0 && each.feature === feature);
    const { zero, one } = met === -1 ? { zero: 1, one: 1 } : steps[met]!;
    const rest = met === -1 ? steps : unwind(steps, met);
    const [hot, cold] = isLeft(node) ? [tree.left[node]!, tree.right[node]!] : [tree.right[node]!, tree.left[node]!];
    const share = (child: number) => (zero * tree.cover[child]!) / tree.cover[node]!;
    descend(hot, rest, { feature, zero: share(hot), one });
    descend(cold, rest, { feature, zero: share(cold), one: 0 });
  }
  descend(0, [], { feature: -1, zero: 1, one: 1 });
}

function extend(path: readonly Step[], step: Omit<Step, "weight">): Step[] {
  const steps = [...path.map((each) => ({ ...each })), { ...step, weight: path.length === 0 ? 1 : 0 }];
  const length = path.length;
  for (let at = length - 1; at >= 0; at--) {
    steps[at + 1]!.weight += (step.one * steps[at]!.weight * (at + 1)) / (length + 1);
    steps[at]!.weight *= (step.zero * (length - at)) / (length + 1);
  }
  return steps;
}

/** The path as if one feature had not been met. */
function unwind(path: readonly Step[], without: number): Step[] {
  const weights = unwoundWeights(path, without);
  return path.filter((_, at) => at !== without).map((each, at) => ({ ...each, weight: weights[at]! }));
}

function unwoundSum(path: readonly Step[], without: number): number {
  return unwoundWeights(path, without).reduce((sum, weight) => sum + weight, 0);
}

function unwoundWeights(path: readonly Step[], without: number): Float64Array {
  const { zero, one } = path[without]!;
  const last = path.length - 1;
  const weights = new Float64Array(last);
  let next = path[last]!.weight;
  for (let at = last - 1; at >= 0; at--) {
    if (one !== 0) {
      weights[at] = (next * (last + 1)) / ((at + 1) * one);
      next = path[at]!.weight - (weights[at]! * zero * (last - at)) / (last + 1);
    } else {
      weights[at] = (path[at]!.weight * (last + 1)) / (zero * (last - at));
    }
  }
  return weights;
}
