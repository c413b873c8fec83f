import { type Design, gram, multiply, project } from "./design.ts";
import { type Penalty, minimise, penaltyOf } from "./elastic-net.ts";

export interface LogisticInput {
  readonly design: Design;
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
const enough = 1e-9;

/**
 * Elastic-net logistic regression: for each label in turn a Newton step, whose weighted least squares is solved with the penalty
 * and halved until the objective falls (Friedman, Hastie and Tibshirani 2010, sections 3 and 4). Two labels have one score, of the
 * second; more have one each. The objective is that of scikit-learn's LogisticRegression with C = 1 / l2. Answers weights a score,
 * the intercept last.
 */
export function fitLogistic(input: LogisticInput): { scores: Float64Array[]; iterations: number } {
  const { design, target, labels } = input;
  const free = labels === 2 ? [1] : Array.from({ length: labels }, (_, label) => label);
  const scores = free.map(() => new Float64Array(design.width));
  const values = free.map(() => new Float64Array(target.length));
  let cost = costOf(input, values);
  for (let iteration = 1; iteration <= input.maximumIterations; iteration++) {
    const before = cost;
    for (const [place, label] of free.entries()) cost = improve(input, { label, scores, values, place, cost });
    input.onIteration(iteration);
    if (before - cost <= enough * Math.abs(before)) return { scores, iterations: iteration };
  }
  return { scores, iterations: input.maximumIterations };
}

interface State {
  readonly label: number;
  readonly scores: Float64Array[];
  /** What each score says of each row. */
  readonly values: Float64Array[];
  readonly place: number;
  /** The objective as it stands. */
  readonly cost: number;
}

/** One Newton step of one label's score. Answers the objective after it. */
function improve(input: LogisticInput, { label, scores, values, place, cost }: State): number {
  const { design, target, penalty, rowWeights } = input;
  const rows = target.length;
  const spreads = new Float64Array(rows);
  const errors = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const probability = probabilityOf(values, row, place);
    spreads[row] = rowWeights[row]! * Math.max(leastCurvature, probability * (1 - probability));
    errors[row] = rowWeights[row]! * ((target[row] === label ? 1 : 0) - probability);
  }
  const old = scores[place]!;
  const best = minimise({ from: old, curvature: gram(design, spreads), fall: project(design, errors) }, penalty);
  const change = best.map((weight, index) => weight - old[index]!);
  const moved = multiply(design, change);
  const others = scores.reduce((sum, score, index) => (index === place ? sum : sum + penaltyOf(score, penalty)), 0);
  const from = values[place]!;
  for (let share = 1; share > 1e-6; share /= 2) {
    const candidate = old.map((weight, index) => weight + share * change[index]!);
    values[place] = from.map((value, row) => value + share * moved[row]!);
    const after = costOf(input, values) + others + penaltyOf(candidate, penalty);
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
function costOf({ target, rowWeights }: LogisticInput, values: readonly Float64Array[]): number {
  let cost = 0;
  for (let row = 0; row < target.length; row++) {
    const place = values.length === 1 ? target[row]! - 1 : target[row]!;
    const own = place < 0 ? 0 : values[place]![row]!;
    cost += rowWeights[row]! * (logSum(values, row) - own);
  }
  return cost;
}
