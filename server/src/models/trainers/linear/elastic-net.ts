import { type DesignColumn, addScaled, weightedDot, weightedSquares } from "./design.ts";

/** What a weight costs: l1 |w| + l2 w^2 / 2; the intercept costs nothing. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

/** One linear score: `intercept` + sum of weights times columns. */
export interface LinearScore {
  intercept: number;
  readonly weights: Float64Array;
}

export interface Quadratic {
  readonly design: readonly DesignColumn[];
  /** One a row. */
  readonly rowWeights: Float64Array;
  /** What the score leaves of each row's target; kept up to date with the score. */
  readonly residuals: Float64Array;
}

export interface Sweeps {
  readonly maximum: number;
  /** The largest change of one weight, times the column's spread, at which it is done. */
  readonly tolerance: number;
}

/**
 * Minimises sum w (target - score)^2 / 2 + penalty by cyclic coordinate descent with soft thresholds (Friedman, Hastie and
 * Tibshirani 2010, equation 10), from where the score stands. Answers the sweeps it took.
 */
export function descend(score: LinearScore, { design, rowWeights, residuals }: Quadratic, penalty: Penalty, sweeps: Sweeps): number {
  const curvatures = design.map((column) => weightedSquares(column, rowWeights));
  const total = rowWeights.reduce((sum, weight) => sum + weight, 0);
  for (let sweep = 1; sweep <= sweeps.maximum; sweep++) {
    let largest = moveIntercept(score, rowWeights, residuals, total);
    for (let index = 0; index < design.length; index++) {
      const curvature = curvatures[index]!;
      if (curvature === 0) continue;
      const column = design[index]!;
      const before = score.weights[index]!;
      const pull = weightedDot(column, rowWeights, residuals) + curvature * before;
      const after = soften(pull, penalty.l1) / (curvature + penalty.l2);
      if (after === before) continue;
      score.weights[index] = after;
      addScaled(column, before - after, residuals);
      largest = Math.max(largest, Math.abs(after - before) * Math.sqrt(curvature / total));
    }
    if (largest <= sweeps.tolerance) return sweep;
  }
  return sweeps.maximum;
}

function moveIntercept(score: LinearScore, rowWeights: Float64Array, residuals: Float64Array, total: number): number {
  let sum = 0;
  for (let row = 0; row < residuals.length; row++) sum += rowWeights[row]! * residuals[row]!;
  const change = sum / total;
  score.intercept += change;
  for (let row = 0; row < residuals.length; row++) residuals[row]! -= change;
  return Math.abs(change);
}

function soften(value: number, by: number): number {
  return value > by ? value - by : value < -by ? value + by : 0;
}

export function penaltyOf({ weights }: LinearScore, { l1, l2 }: Penalty): number {
  let sum = 0;
  for (const weight of weights) sum += l1 * Math.abs(weight) + (l2 * weight * weight) / 2;
  return sum;
}
