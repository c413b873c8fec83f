import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { categoryName, countCategories, writeIndexes } from "./categories.ts";
import { asCategories } from "./matrix.ts";
import type { Matrix, Step, Values } from "./types.ts";

const parametersSchema = z.strictObject({
  /** Categories that get a column; of more, the most frequent ones. */
  maximumCategories: z.int().min(1).max(10_000).default(50),
  /** Training rows a category must have. */
  minimumRows: z.int().min(1).default(1),
});

/** A column of 0 and 1 for each category; one that has none (rare, or not among the training rows) is 0 in all of them. */
export const oneHot: Step = {
  name: "one-hot",
  takes: ["category", "text"],
  parametersSchema,
  fit(values, parameters) {
    const { maximumCategories, minimumRows } = parametersSchema.parse(parameters);
    const column = asCategories(values);
    const categories = countCategories(column.values)
      .filter(([, rows]) => rows >= minimumRows)
      .slice(0, maximumCategories)
      .map(([category]) => category);
    if (categories.length === 0)
      throw new AppError("training_failed", `No value of the column "${column.name}" stands in ${minimumRows} training rows.`, {
        details: { column: column.name },
      });
    const names = categories.map((category) => categoryName(column.name, category));
    const transform = (given: Values): Matrix => {
      const texts = asCategories(given).values;
      return {
        kind: "matrix",
        names,
        columns: categories.map((category) => Float64Array.from(texts, (text) => (text === category ? 1 : 0))),
      };
    };
    return {
      training: transform(values),
      transform,
      write(graph, input) {
        const indexes = graph.asMatrix(writeIndexes(graph, input, { categories, other: -1 }));
        const places = graph.constant(BigInt64Array.from(categories.keys(), BigInt), [1, categories.length]);
        return graph.asFloat(graph.add("Equal", [indexes, places]));
      },
    };
  },
};
