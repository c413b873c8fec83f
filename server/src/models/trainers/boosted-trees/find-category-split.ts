import { type FoundSplit, type SplitInput, boundedGain, boundedOutput, leastHessian } from "./find-number-split.ts";

/** So few categories are tried one by one (`max_cat_to_onehot`). */
const oneByOne = 4;

/** The best set so far: the first `size` bins of an order. */
interface Best {
  gain: number;
  order: readonly number[];
  size: number;
  gradient: number;
  hessian: number;
}

/**
 * The best set of categories that goes left, or null, as LightGBM has it (after Fisher 1958, "On grouping for maximum homogeneity"): categories
 * sorted by gradient over hessian, smoothed; a run from either end of that order goes left. Bin 0, what is rare, new or missing, goes right.
 */
export function findCategorySplit(input: SplitInput): FoundSplit | null {
  const { bins, leaf, options } = input;
  const few = bins - 1 <= oneByOne;
  const l2 = options.l2 + (few ? 0 : options.categoryL2);
  const shift = (leaf.gradient * leaf.gradient) / (leaf.hessian + options.l2);
  const best: Best = { gain: shift, order: [], size: 0, gradient: 0, hessian: 0 };
  if (few) {
    for (let bin = 1; bin < bins; bin++) scan(best, input, { order: [bin], most: 1, l2, leastGroup: 0 });
  } else {
    const order = sortBins(input);
    const most = Math.min(options.maximumCategories, Math.ceil(order.length / 2));
    const leastGroup = ((options.minimumCategoryRows - 0.5) * leaf.hessian) / leaf.rows;
    scan(best, input, { order, most, l2, leastGroup });
    scan(best, input, { order: order.toReversed(), most, l2, leastGroup });
  }
  if (best.size === 0) return null;
  return {
    gain: best.gain - shift,
    bin: 0,
    missingLeft: false,
    leftGradient: best.gradient,
    leftHessian: best.hessian,
    leftOutput: boundedOutput(best.gradient, best.hessian + l2, leaf),
    rightOutput: boundedOutput(leaf.gradient - best.gradient, leaf.hessian - best.hessian + l2, leaf),
    bins: best.order.slice(0, best.size),
  };
}

const ratios = new Float64Array(256);

/** Bins with rows enough, by their smoothed ratio; equal ones by number, so that the order is the same everywhere. */
function sortBins({ histogram, at, bins, leaf, options }: SplitInput): number[] {
  // Even without smoothing a bin needs a row; subtraction leaves rounding where there is none.
  const least = Math.max(((options.categorySmoothing - 0.5) * leaf.hessian) / leaf.rows, 1e-9 * leaf.hessian);
  const order: number[] = [];
  for (let bin = 1; bin < bins; bin++) {
    const hessian = histogram[at + 2 * bin + 1]!;
    if (hessian < least) continue;
    ratios[bin] = histogram[at + 2 * bin]! / (hessian + options.categorySmoothing);
    order.push(bin);
  }
  return order.sort((one, other) => ratios[one]! - ratios[other]! || one - other);
}

interface Scan {
  readonly order: readonly number[];
  /** Bins on the left at most. */
  readonly most: number;
  readonly l2: number;
  /** What each step must add, and the right must keep: a set does not grow by a few rows. */
  readonly leastGroup: number;
}

function scan(best: Best, { histogram, at, leaf, options }: SplitInput, { order, most, l2, leastGroup }: Scan): void {
  const least = leastHessian(leaf, options);
  const free = leaf.lower === -Infinity && leaf.upper === Infinity;
  let gradient = 0;
  let hessian = 0;
  let group = 0;
  for (let size = 1; size <= most; size++) {
    const bin = order[size - 1]!;
    const own = histogram[at + 2 * bin + 1]!;
    gradient += histogram[at + 2 * bin]!;
    hessian += own;
    group += own;
    if (hessian < least) continue;
    const right = leaf.hessian - hessian;
    if (right < least || right < leastGroup) break;
    if (group < leastGroup) continue;
    group = 0;
    const rest = leaf.gradient - gradient;
    const gain = free
      ? (gradient * gradient) / (hessian + l2) + (rest * rest) / (right + l2)
      : boundedGain(0, [gradient, hessian + l2, rest, right + l2], leaf);
    if (gain > best.gain) Object.assign(best, { gain, order, size, gradient, hessian });
  }
}
