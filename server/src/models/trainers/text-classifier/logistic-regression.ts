import { createRandom } from "../../../core/index.ts";
import type { SparseRows } from "./vectorizer.ts";

/** A gradient of the score smaller than this is taken for zero. */
const negligible = 1e-2;

export interface LinearModel {
  /** Row-major, features x labels. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly labels: number;
}

export interface LabelledRows extends SparseRows {
  /** Number of features. */
  readonly width: number;
  /** The label of each row, as its number. */
  readonly truth: Int32Array;
  readonly labelCount: number;
}

export interface FitOptions {
  readonly seed: number;
  /** Step size of AdaGrad (Duchi, Hazan, Singer 2011). */
  readonly learningRate: number;
}

export interface Fit {
  /** Goes on learning with each pass. */
  readonly model: LinearModel;
  /** Once over these rows, in an order drawn by the seed. */
  pass(subset: Int32Array): void;
}

/**
 * Multinomial logistic regression on sparse rows by stochastic gradient steps, one row at a time, step sizes by AdaGrad; what
 * keeps it from learning by heart is that it stops after a few passes. The same seed and passes give the same model.
 */
export function startFit(rows: LabelledRows, { seed, learningRate }: FitOptions): Fit {
  const { labelCount } = rows;
  const weights = new Float32Array(rows.width * labelCount);
  const squares = new Float32Array(rows.width * labelCount).fill(1e-6);
  const bias = new Float32Array(labelCount);
  const biasSquares = new Float32Array(labelCount).fill(1e-2);
  const model: LinearModel = { weights, bias, labels: labelCount };
  const scores = new Float64Array(labelCount);
  const activeLabels = new Int32Array(labelCount);
  const random = createRandom(seed);

  function learn(row: number): void {
    scoreRow(model, rows, row, scores);
    softmax(scores, 1);
    scores[rows.truth[row]!]! -= 1;
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
        const gradient = scores[label]! * value;
        const sum = squares[offset + label]! + gradient * gradient;
        squares[offset + label] = sum;
        weights[offset + label]! -= (learningRate * gradient) / Math.sqrt(sum);
      }
    }
    for (let label = 0; label < labelCount; label++) {
      const gradient = scores[label]!;
      biasSquares[label]! += gradient * gradient;
      bias[label]! -= (0.1 * learningRate * gradient) / Math.sqrt(biasSquares[label]!);
    }
  }

  return {
    model,
    pass(subset) {
      for (const row of random.shuffle(Int32Array.from(subset))) learn(row);
    },
  };
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

/** Weight, in rows, of the belief that any label may be the true one. */
const doubt = 0.5;

/**
 * The temperature that minimises the log loss of held-back rows (Guo, Pleiss, Sun, Weinberger 2017, section 4.2), by golden
 * section over its logarithm in [-3, 3]. Half a row of doubt is spread over them (as Platt 1999, section 2.2, has it): few rows
 * that are all right would else ask for a certainty without bound. It changes how sure the model is, never which label is first.
 */
export function fitTemperature(logits: readonly Float64Array[], truth: readonly number[]): number {
  const scratch = new Float64Array(logits[0]?.length ?? 0);
  const doubtful = doubt / (scratch.length * logits.length);
  const loss = (logTemperature: number) => {
    let sum = 0;
    for (const [index, row] of logits.entries()) {
      scratch.set(row);
      softmax(scratch, Math.exp(logTemperature));
      sum -= Math.log(Math.max(scratch[truth[index]!]!, 1e-15));
      for (const probability of scratch) sum -= doubtful * Math.log(Math.max(probability, 1e-15));
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
