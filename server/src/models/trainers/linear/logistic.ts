import { type DesignColumn, addScaled } from "./design.ts";
import { type LinearScore, type Penalty, descend, penaltyOf } from "./elastic-net.ts";

export interface LogisticInput {
  readonly design: readonly DesignColumn[];
  /** The index of each row's label. */
  readonly target: Float64Array;
  /** 2 or more. */
  readonly labels: number;
  readonly rowWeights: Float64Array;
  readonly penalty: Penalty;
  readonly maximumIterations: number;
  readonly onIteration: (iteration: number) => void;
}

/** Below this a row's curvature is not trusted (glmnet does the same). */
const leastCurvature = 1e-5;
/** Of the objective, from one iteration to the next: it is done. */
const enough = 1e-8;

/**
 * Elastic-net logistic regression: for each label in turn a Newton step, whose weighted least squares is solved by coordinate
 * descent, halved until the objective falls (Friedman, Hastie and Tibshirani 2010, sections 3 and 4). Two labels have one score,
 * of the second; more have one each. The objective is that of scikit-learn's LogisticRegression with C = 1 / l2.
 */
export function fitLogistic(input: LogisticInput): { scores: LinearScore[]; iterations: number } {
  const { design, target, labels } = input;
  const rows = target.length;
  const free = labels === 2 ? [1] : Array.from({ length: labels }, (_, label) => label);
  const scores: LinearScore[] = free.map(() => ({ intercept: 0, weights: new Float64Array(design.length) }));
  const values = free.map(() => new Float64Array(rows));
  let cost = costOf(input, free, values) + scores.reduce((sum, score) => sum + penaltyOf(score, input.penalty), 0);
  for (let iteration = 1; iteration <= input.maximumIterations; iteration++) {
    const before = cost;
    for (let place = 0; place < free.length; place++) cost = improve(input, { free, scores, values, place, cost });
    input.onIteration(iteration);
    if (before - cost <= enough * Math.abs(before)) return { scores, iterations: iteration };
  }
  return { scores, iterations: input.maximumIterations };
}

interface State {
  readonly free: readonly number[];
  readonly scores: LinearScore[];
  /** What each score says of each row. */
  readonly values: Float64Array[];
  readonly place: number;
  readonly cost: number;
}

/** One Newton step of one label's score. Answers the objective after it. */
function improve(input: LogisticInput, { free, scores, values, place, cost }: State): number {
  const { design, target, penalty } = input;
  const rows = target.length;
  const label = free[place]!;
  const curvature = new Float64Array(rows);
  const residuals = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const probability = probabilityOf(values, row, place);
    const spread = Math.max(leastCurvature, probability * (1 - probability));
    curvature[row] = input.rowWeights[row]! * spread;
    residuals[row] = ((target[row] === label ? 1 : 0) - probability) / spread;
  }
  const old = scores[place]!;
  const next: LinearScore = { intercept: old.intercept, weights: old.weights.slice() };
  descend(next, { design, rowWeights: curvature, residuals }, penalty, { maximum: 20, tolerance: 1e-7 });

  const step = new Float64Array(rows).fill(next.intercept - old.intercept);
  for (let index = 0; index < design.length; index++) {
    const change = next.weights[index]! - old.weights[index]!;
    if (change !== 0) addScaled(design[index]!, change, step);
  }
  const others = scores.reduce((sum, score, index) => (index === place ? sum : sum + penaltyOf(score, penalty)), 0);
  const from = values[place]!;
  for (let share = 1; share > 1e-6; share /= 2) {
    const candidate: LinearScore = {
      intercept: old.intercept + share * (next.intercept - old.intercept),
      weights: old.weights.map((weight, index) => weight + share * (next.weights[index]! - weight)),
    };
    values[place] = from.map((value, row) => value + share * step[row]!);
    const after = costOf(input, free, values) + others + penaltyOf(candidate, penalty);
    if (after <= cost) {
      scores[place] = candidate;
      return after;
    }
  }
  values[place] = from;
  return cost;
}

/** The first of two labels has the score 0. */
function probabilityOf(values: readonly Float64Array[], row: number, place: number): number {
  if (values.length === 1) return 1 / (1 + Math.exp(-values[0]![row]!));
  return Math.exp(values[place]![row]! - logSum(values, row));
}

function logSum(values: readonly Float64Array[], row: number): number {
  let largest = values.length === 1 ? 0 : Number.NEGATIVE_INFINITY;
  for (const score of values) largest = Math.max(largest, score[row]!);
  let sum = values.length === 1 ? Math.exp(-largest) : 0;
  for (const score of values) sum += Math.exp(score[row]! - largest);
  return largest + Math.log(sum);
}

/** The weighted log loss, summed. */
function costOf({ target, rowWeights }: LogisticInput, free: readonly number[], values: readonly Float64Array[]): number {
  let cost = 0;
  for (let row = 0; row < target.length; row++) {
    const place = free.length === 1 ? target[row]! - 1 : target[row]!;
    const own = place < 0 ? 0 : values[place]![row]!;
    cost += rowWeights[row]! * (logSum(values, row) - own);
  }
  return cost;
}
