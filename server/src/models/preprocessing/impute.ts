import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { mean, quantile } from "../../statistics/index.ts";
import { asMatrix, elementwise, fround, present } from "./matrix.ts";
import type { Step } from "./types.ts";

const parametersSchema = z.strictObject({
  with: z.enum(["mean", "median", "mode", "constant"]).default("median"),
  /** What `constant` puts in. */
  value: z.number().default(0),
});

/** A number for what is missing: the mean, median or most frequent value (of equals the least) of the training rows, or a constant. */
export const impute: Step = {
  name: "impute",
  takes: ["matrix"],
  parametersSchema,
  fit(values, parameters, context) {
    const parsed = parametersSchema.parse(parameters);
    const training = asMatrix(values);
    const fills = Float32Array.from(training.columns, (column, index) => {
      if (parsed.with === "constant") return parsed.value;
      const there = present(column);
      if (there.length > 0) return fillers[parsed.with](there);
      throw new AppError(
        "training_failed",
        `The column "${context.column}" has no value in the training rows (${training.names[index]!}): there is no ${parsed.with} to put in. Leave it out of the features.`,
        { details: { column: context.column } },
      );
    });
    return elementwise(training, {
      names: training.names,
      value: (x, column) => (Number.isNaN(x) ? fills[column]! : x),
      write: (graph, input) => graph.add("Where", [graph.add("IsNaN", [input]), graph.constant(fills), input]),
    });
  },
};

const fillers = { mean, median: (values: Float64Array) => quantile(values.toSorted(), 0.5), mode };

function mode(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const x of values) counts.set(fround(x), (counts.get(fround(x)) ?? 0) + 1);
  let best: [number, number] = [0, 0];
  for (const [x, count] of counts) if (count > best[1] || (count === best[1] && x < best[0])) best = [x, count];
  return best[0];
}
