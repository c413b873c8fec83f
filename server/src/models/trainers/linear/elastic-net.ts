/** What a weight costs: l1 |w| + l2 w^2 / 2. The last weight is the intercept and costs nothing. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

/** A loss near `from`: its curvature (width x width) and how it falls there (minus its gradient). */
export interface Quadratic {
  readonly from: Float64Array;
  readonly curvature: Float64Array;
  readonly fall: Float64Array;
}

/** The weights that minimise the quadratic and the penalty together. */
export function minimise(quadratic: Quadratic, penalty: Penalty): Float64Array {
  return penalty.l1 === 0 ? solve(quadratic, penalty.l2) : descend(quadratic, penalty);
}

export function penaltyOf(weights: Float64Array, { l1, l2 }: Penalty): number {
  let sum = 0;
  for (let index = 0; index < weights.length - 1; index++) sum += l1 * Math.abs(weights[index]!) + (l2 * weights[index]! ** 2) / 2;
  return sum;
}

/** Of the mean curvature, added to each: without a penalty, columns that say the same (all categories of one input) have no one answer. */
const leastRidge = 1e-10;

/** (C + l2) step = fall - l2 from, by Cholesky's decomposition. */
function solve({ from, curvature, fall }: Quadratic, l2: number): Float64Array {
  const width = from.length;
  const lower = curvature.slice();
  let trace = 0;
  for (let index = 0; index < width; index++) trace += curvature[index * width + index]!;
  const ridge = (leastRidge * trace) / width + Number.MIN_VALUE;
  const step = fall.slice();
  for (let index = 0; index < width; index++) {
    const own = index === width - 1 ? 0 : l2;
    lower[index * width + index]! += own + ridge;
    step[index]! -= own * from[index]!;
  }
  for (let column = 0; column < width; column++) {
    for (let row = column; row < width; row++) {
      let sum = lower[row * width + column]!;
      for (let before = 0; before < column; before++) sum -= lower[row * width + before]! * lower[column * width + before]!;
      lower[row * width + column] = row === column ? Math.sqrt(Math.max(sum, ridge)) : sum / lower[column * width + column]!;
    }
  }
  for (let row = 0; row < width; row++) {
    for (let before = 0; before < row; before++) step[row]! -= lower[row * width + before]! * step[before]!;
    step[row]! /= lower[row * width + row]!;
  }
  for (let row = width - 1; row >= 0; row--) {
    for (let after = row + 1; after < width; after++) step[row]! -= lower[after * width + row]! * step[after]!;
    step[row]! /= lower[row * width + row]!;
  }
  return step.map((each, index) => from[index]! + each);
}

const mostSweeps = 5000;
const tolerance = 1e-8;

/** Cyclic coordinate descent with soft thresholds and covariance updates (Friedman, Hastie and Tibshirani 2010, section 2.2). */
function descend({ from, curvature, fall }: Quadratic, { l1, l2 }: Penalty): Float64Array {
  const width = from.length;
  const weights = from.slice();
  /** How the loss falls where the weights stand. */
  const pulls = fall.slice();
  // The intercept's own curvature is the weight of all rows.
  const total = curvature[width * width - 1]!;
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let largest = 0;
    for (let index = 0; index < width; index++) {
      const own = curvature[index * width + index]!;
      if (own === 0) continue;
      const isIntercept = index === width - 1;
      const before = weights[index]!;
      const pull = pulls[index]! + own * before;
      const after = isIntercept ? pull / own : soften(pull, l1) / (own + l2);
      const change = after - before;
      if (change === 0) continue;
      weights[index] = after;
      for (let other = 0; other < width; other++) pulls[other]! -= curvature[index * width + other]! * change;
      largest = Math.max(largest, Math.abs(change) * Math.sqrt(own / total));
    }
    if (largest <= tolerance) break;
  }
  return weights;
}

function soften(value: number, by: number): number {
  return value > by ? value - by : value < -by ? value + by : 0;
}
