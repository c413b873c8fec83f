import { mean } from "../../../statistics/index.ts";
import type { Column } from "../../columns.ts";
import type { FittedColumns } from "../../preprocessing/fit-columns.ts";
import type { Explanation } from "../types.ts";

export interface LinearScore {
  readonly intercept: number;
  /** One a column of the matrix. */
  readonly weights: Float64Array;
}

/** One linear score a label (two labels: halves of one score, with opposite signs), or the one of a regression. */
export interface LinearModel {
  readonly columns: FittedColumns;
  readonly scores: readonly LinearScore[];
  /** The value of a regression is centre + scale x score. */
  readonly centre: number;
  readonly scale: number;
  /** A regression's answers end here. */
  readonly minimum: number;
  readonly maximum: number;
  readonly isClassifier: boolean;
}

function scoreRows(
  { columns, scores }: LinearModel,
  asked: readonly Column[],
): { values: Float64Array[]; matrix: readonly Float64Array[] } {
  const matrix = columns.transform(asked).columns;
  const rows = matrix[0]?.length ?? 0;
  const values = Array.from({ length: rows }, (_, row) =>
    Float64Array.from(scores, ({ intercept, weights }) =>
      matrix.reduce((sum, column, index) => sum + weights[index]! * column[row]!, intercept),
    ),
  );
  return { values, matrix };
}

export function predict(model: LinearModel, asked: readonly Column[]): Float64Array[] {
  const { values } = scoreRows(model, asked);
  return values.map((scores) => {
    if (!model.isClassifier) return Float64Array.of(bound(model, model.centre + model.scale * scores[0]!));
    const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
    const powers = scores.map((score) => Math.exp(score - largest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  });
}

function bound({ minimum, maximum }: LinearModel, value: number): number {
  return Math.min(maximum, Math.max(minimum, value));
}

/** A column's part is its weight times what it lies above its mean in the training rows; the bias is the score of the mean row. Before bounds. */
export function explain(model: LinearModel, asked: readonly Column[]): Explanation[] {
  const { values, matrix } = scoreRows(model, asked);
  const { training, sources } = model.columns;
  const means = training.columns.map((column) => mean(column));
  const biases = Float64Array.from(
    model.scores,
    ({ intercept, weights }) => model.centre + model.scale * means.reduce((sum, each, index) => sum + each * weights[index]!, intercept),
  );
  return values.map((_, row) => ({
    bias: biases,
    inputs: model.scores.map(({ weights }) => {
      const parts = new Float64Array(asked.length);
      for (const [index, column] of matrix.entries())
        parts[sources[index]!]! += model.scale * weights[index]! * (column[row]! - means[index]!);
      return parts;
    }),
  }));
}
