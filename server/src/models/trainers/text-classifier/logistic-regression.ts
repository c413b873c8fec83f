import { createRandom } from "../../../core/index.ts";
import type { SparseRows } from "./vectorizer.ts";

export interface LogisticRegressionOptions {
  readonly seed: number;
  readonly epochs: number;
  /** Step size of AdaGrad (Duchi, Hazan, Singer 2011). */
  readonly learningRate: number;
  /** Weight decay per visit of a feature, relative to the step. */
  readonly decay: number;
  readonly onEpoch?: (done: number) => void;
}

/** A gradient of the score smaller than this is taken for zero. */
const negligible = 1e-3;

export interface LinearModel {
  /** Row-major, features x labels. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly labels: number;
}

/**
 * Multinomial logistic regression on sparse rows by stochastic gradient steps, one row at a time in seeded order, step sizes by
 * AdaGrad, L2 decay on the weights a row touches. The same seed gives the same model.
 */
export function fitLogisticRegression(
  rows: SparseRows & { width: number },
  labels: Int32Array,
  subset: Int32Array,
  options: LogisticRegressionOptions & { labelCount: number },
): LinearModel {
  const { labelCount, learningRate, decay } = options;
  const weights = new Float32Array(rows.width * labelCount);
  const squares = new Float32Array(rows.width * labelCount).fill(1e-6);
  const bias = new Float32Array(labelCount);
  const biasSquares = new Float32Array(labelCount).fill(1e-2);
  const scores = new Float64Array(labelCount);
  const activeLabels = new Int32Array(labelCount);
  const order = Int32Array.from(subset);
  const random = createRandom(options.seed);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    random.shuffle(order);
    for (const row of order) {
      scoreRow({ weights, bias, labels: labelCount }, rows, row, scores);
      softmax(scores, 1);
      scores[labels[row]!]! -= 1;
      // Labels this row hardly bears on are left alone: with many labels nearly all of them, which is what makes it fast.
      let active = 0;
      for (let label = 0; label < labelCount; label++) {
        if (Math.abs(scores[label]!) > negligible) activeLabels[active++] = label;
      }
      for (let index = rows.starts[row]!; index < rows.starts[row + 1]!; index++) {
        const value = rows.values[index]!;
        const offset = rows.columns[index]! * labelCount;
        for (let each = 0; each < active; each++) {
          const label = activeLabels[each]!;
          const at = offset + label;
          const gradient = scores[label]! * value + decay * weights[at]!;
          const sum = squares[at]! + gradient * gradient;
          squares[at] = sum;
          weights[at]! -= (learningRate * gradient) / Math.sqrt(sum);
        }
      }
      for (let label = 0; label < labelCount; label++) {
        const gradient = scores[label]!;
        biasSquares[label]! += gradient * gradient;
        bias[label]! -= (0.1 * learningRate * gradient) / Math.sqrt(biasSquares[label]!);
      }
    }
    options.onEpoch?.(epoch + 1);
  }
  return { weights, bias, labels: labelCount };
}

/** Writes one row's scores (logits) into `scores`. */
export function scoreRow(model: LinearModel, rows: SparseRows, row: number, scores: Float64Array): void {
  const { weights, bias, labels } = model;
  for (let label = 0; label < labels; label++) scores[label] = bias[label]!;
  for (let index = rows.starts[row]!; index < rows.starts[row + 1]!; index++) {
    const value = rows.values[index]!;
    const offset = rows.columns[index]! * labels;
    for (let label = 0; label < labels; label++) scores[label]! += value * weights[offset + label]!;
  }
}

/** Turns scores into probabilities in place: exp(score / temperature), scaled to sum 1. */
export function softmax(scores: Float64Array, temperature: number): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (const score of scores) if (score > highest) highest = score;
  let sum = 0;
  for (let label = 0; label < scores.length; label++) {
    const raised = Math.exp((scores[label]! - highest) / temperature);
    scores[label] = raised;
    sum += raised;
  }
  for (let label = 0; label < scores.length; label++) scores[label]! /= sum;
}

/**
 * The temperature that minimises the log loss of held-back rows (Guo, Pleiss, Sun, Weinberger 2017, section 4.2), by golden
 * section over its logarithm in [-3, 3]. It changes how sure the model is, never which label is first.
 */
export function fitTemperature(logits: readonly Float64Array[], truth: readonly number[]): number {
  const scratch = new Float64Array(logits[0]?.length ?? 0);
  const loss = (logTemperature: number) => {
    let sum = 0;
    for (const [index, row] of logits.entries()) {
      scratch.set(row);
      softmax(scratch, Math.exp(logTemperature));
      sum -= Math.log(Math.max(scratch[truth[index]!]!, 1e-15));
    }
    return sum;
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [-3, 3];
  let [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [atA, atB] = [loss(a), loss(b)];
  for (let step = 0; step < 40; step++) {
    if (atA < atB) {
      high = b;
      [b, atB] = [a, atA];
      a = high - ratio * (high - low);
      atA = loss(a);
    } else {
      low = a;
      [a, atA] = [b, atB];
      b = low + ratio * (high - low);
      atB = loss(b);
    }
  }
  return Math.exp((low + high) / 2);
}
