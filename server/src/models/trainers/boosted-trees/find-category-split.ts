import { type FoundSplit, type SplitInput, boundedGain, boundedOutput, leastHessian } from "./find-number-split.ts";

/** So few categories are tried one by one (`max_cat_to_onehot`). */
const oneByOne = 4;

interface Best {
  gain: number;
  bins: number[];
  gradient: number;
  hessian: number;
}

/**
 * The best set of categories that goes left, or null, as LightGBM has it (after Fisher 1958, "On grouping for maximum homogeneity"): categories
 * sorted by gradient over hessian, smoothed; a run from either end of that order goes left. Bin 0, what is rare, new or missing, goes right.
 */
export function findCategorySplit(input: SplitInput): FoundSplit | null {
  const { histogram, bins, leaf, options } = input;
  const few = bins - 1 <= oneByOne;
  const l2 = options.l2 + (few ? 0 : options.categoryL2);
  const shift = (leaf.gradient * leaf.gradient) / (leaf.hessian + options.l2);
  const best: Best = { gain: shift, bins: [], gradient: 0, hessian: 0 };
  if (few) {
    for (let bin = 1; bin < bins; bin++) consider(best, { ...input, l2, bins: [bin] }, [histogram[2 * bin]!, histogram[2 * bin + 1]!]);
  } else {
    const order = sortBins(input);
    const most = Math.min(options.maximumCategories, Math.ceil(order.length / 2));
    scan(best, { ...input, l2, bins: order }, most);
    scan(best, { ...input, l2, bins: order.toReversed() }, most);
  }
  if (best.bins.length === 0) return null;
  return {
    gain: best.gain - shift,
    bin: 0,
    missingLeft: false,
    leftGradient: best.gradient,
    leftHessian: best.hessian,
    leftOutput: boundedOutput(best.gradient, best.hessian + l2, leaf),
    rightOutput: boundedOutput(leaf.gradient - best.gradient, leaf.hessian - best.hessian + l2, leaf),
    bins: best.bins,
  };
}

/** Bins with rows enough, by their smoothed ratio; equal ones by number, so that the order is the same everywhere. */
function sortBins({ histogram, bins, leaf, options }: SplitInput): number[] {
  const least = ((options.categorySmoothing - 0.5) * leaf.hessian) / leaf.rows;
  const ratio = (bin: number) => histogram[2 * bin]! / (histogram[2 * bin + 1]! + options.categorySmoothing);
  return Array.from({ length: bins - 1 }, (_, index) => index + 1)
    .filter((bin) => histogram[2 * bin + 1]! >= least)
    .sort((one, other) => ratio(one) - ratio(other) || one - other);
}

interface Scan extends Omit<SplitInput, "bins"> {
  readonly l2: number;
  /** The set to consider, or the order it grows in. */
  readonly bins: readonly number[];
}

function scan(best: Best, input: Scan, most: number): void {
  const { histogram, leaf, options, bins } = input;
  const least = leastHessian(leaf, options);
  const leastGroup = ((options.minimumCategoryRows - 0.5) * leaf.hessian) / leaf.rows;
  let gradient = 0;
  let hessian = 0;
  let group = 0;
  for (let size = 1; size <= most; size++) {
    const bin = bins[size - 1]!;
    gradient += histogram[2 * bin]!;
    hessian += histogram[2 * bin + 1]!;
    group += histogram[2 * bin + 1]!;
    if (hessian < least) continue;
    if (leaf.hessian - hessian < Math.max(least, leastGroup)) break;
    if (group < leastGroup) continue;
    group = 0;
    consider(best, { ...input, bins: bins.slice(0, size) }, [gradient, hessian]);
  }
}

function consider(best: Best, { leaf, options, l2, bins }: Scan, [gradient, hessian]: readonly [number, number]): void {
  const least = leastHessian(leaf, options);
  if (hessian < least || leaf.hessian - hessian < least) return;
  const gain = boundedGain(0, [gradient, hessian + l2, leaf.gradient - gradient, leaf.hessian - hessian + l2], leaf);
  if (gain > best.gain) Object.assign(best, { gain, bins: [...bins], gradient, hessian });
}
