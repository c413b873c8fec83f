import { z } from "zod";
import { createRandom } from "../../core/index.ts";
import { writeIndexes } from "./categories.ts";
import { asCategories, fround } from "./matrix.ts";
import type { FitContext, Matrix, Step, Values } from "./types.ts";

const parametersSchema = z.strictObject({
  /** Rows of the overall mean that each category's own rows stand against. */
  smoothing: z.number().min(0).max(1e6).default(10),
  folds: z.int().min(2).max(50).default(5),
});

/**
 * The mean of the target in each category, drawn towards the overall mean: (sum + smoothing x mean) / (rows + smoothing); for more
 * than two labels one column a label. A training row gets what the rows of the other folds say (Micci-Barreca 2001, cross-fitted
 * as scikit-learn's TargetEncoder), later rows what all say; a category that is new gets the overall mean.
 */
export const targetMean: Step = {
  name: "target",
  takes: ["category", "text"],
  parametersSchema,
  fit(values, parameters, context) {
    const { smoothing, folds } = parametersSchema.parse(parameters);
    const column = asCategories(values);
    const targets = splitTarget(context);
    const categories = [...new Set(column.values)].sort();
    const places = new Map(categories.map((category, place) => [category, place]));
    const indexes = Int32Array.from(column.values, (text) => places.get(text)!);
    const names = targets.map(({ name }) => `${column.name} (mean of ${name})`);
    const tables = targets.map(({ values: target }) => meansOf(indexes, target, { width: categories.length, smoothing, use: () => true }));

    const fold = drawFolds(indexes.length, folds, context.seed);
    const crossFitted = targets.map(({ values: target }) => {
      const byFold = Array.from({ length: folds }, (_, left) =>
        meansOf(indexes, target, { width: categories.length, smoothing, use: (row) => fold[row] !== left }),
      );
      return Float64Array.from(indexes, (category, row) => byFold[fold[row]!]![category]!);
    });
    return {
      training: { kind: "matrix", names, columns: crossFitted },
      transform: (given: Values): Matrix => ({
        kind: "matrix",
        names,
        columns: tables.map((table) =>
          Float64Array.from(asCategories(given).values, (text) => table[places.get(text) ?? categories.length]!),
        ),
      }),
      write(graph, input) {
        const rows = Float32Array.from(
          { length: (categories.length + 1) * tables.length },
          (_, at) => tables[at % tables.length]![Math.floor(at / tables.length)]!,
        );
        const table = graph.constant(rows, [categories.length + 1, tables.length]);
        return graph.add("Gather", [table, writeIndexes(graph, input, { categories, other: categories.length })], {
          attributes: { axis: 0 },
        });
      },
    };
  },
};

/** What is averaged: the number itself, or whether a row has the label (of two labels the second alone). */
function splitTarget({ task, target, labels }: FitContext): { name: string; values: Float64Array }[] {
  if (task !== "classification") return [{ name: "the target", values: target }];
  return Array.from({ length: labels }, (_, label) => ({
    name: `label ${label + 1}`,
    values: target.map((each) => (each === label ? 1 : 0)),
  })).slice(labels === 2 ? 1 : 0);
}

interface Means {
  readonly width: number;
  readonly smoothing: number;
  use(row: number): boolean;
}

/** One smoothed mean a category; after the last, the overall mean. */
function meansOf(indexes: Int32Array, target: Float64Array, { width, smoothing, use }: Means): Float64Array {
  const sums = new Float64Array(width + 1);
  const counts = new Float64Array(width + 1);
  for (let row = 0; row < indexes.length; row++) {
    if (!use(row)) continue;
    for (const at of [indexes[row]!, width]) {
      sums[at]! += target[row]!;
      counts[at]! += 1;
    }
  }
  const overall = sums[width]! / Math.max(1, counts[width]!);
  return sums.map((sum, at) => {
    const weight = counts[at]! + smoothing;
    return fround(at === width || weight === 0 ? overall : (sum + smoothing * overall) / weight);
  });
}

/** Which fold each row is in; folds differ by at most one row. */
function drawFolds(count: number, folds: number, seed: number): Int32Array {
  return createRandom(seed).shuffle(Int32Array.from({ length: count }, (_, row) => row % folds));
}
