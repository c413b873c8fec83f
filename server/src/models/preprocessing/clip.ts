import { z } from "zod";
import { quantile } from "../../statistics/index.ts";
import { asMatrix, elementwise, present } from "./matrix.ts";
import type { Step } from "./types.ts";

const parametersSchema = z
  .strictObject({
    /** Quantiles of the training rows. */
    low: z.number().min(0).max(1).default(0.01),
    high: z.number().min(0).max(1).default(0.99),
  })
  .refine(({ low, high }) => low < high, "low must be less than high");

/** Values beyond two quantiles of the training rows become those. */
export const clip: Step = {
  name: "clip",
  takes: ["matrix"],
  parametersSchema,
  fit(values, parameters) {
    const { low, high } = parametersSchema.parse(parameters);
    const training = asMatrix(values);
    const sorted = training.columns.map((column) => present(column).sort());
    const bound = (share: number, otherwise: number) =>
      Float32Array.from(sorted, (column) => (column.length === 0 ? otherwise : quantile(column, share)));
    const least = bound(low, -3.4e38);
    const most = bound(high, 3.4e38);
    return elementwise(training, {
      names: training.names,
      value: (x, column) => (x < least[column]! ? least[column]! : x > most[column]! ? most[column]! : x),
      // Not the operator Clip: what it does with NaN is nowhere said.
      write(graph, input) {
        const [lowest, highest] = [graph.constant(least), graph.constant(most)];
        const below = graph.add("Where", [graph.add("Less", [input, lowest]), lowest, input]);
        return graph.add("Where", [graph.add("Greater", [input, highest]), highest, below]);
      },
    });
  },
};
