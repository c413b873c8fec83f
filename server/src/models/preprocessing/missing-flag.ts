import { z } from "zod";
import { asMatrix } from "./matrix.ts";
import type { Matrix, Step, Values } from "./types.ts";

/** Adds a column (1: missing, 0: there) for each that misses a value in some training rows, but not in all. */
export const missingFlag: Step = {
  name: "missing-flag",
  takes: ["matrix"],
  parametersSchema: z.strictObject({}),
  fit(values) {
    const training = asMatrix(values);
    const flagged = [...training.columns.keys()].filter((index) => {
      const missing = training.columns[index]!.filter((x) => Number.isNaN(x)).length;
      return missing > 0 && missing < training.columns[index]!.length;
    });
    const transform = (given: Values): Matrix => {
      const { columns } = asMatrix(given);
      return {
        kind: "matrix",
        names: [...training.names, ...flagged.map((index) => `${training.names[index]!} is missing`)],
        columns: [...columns, ...flagged.map((index) => columns[index]!.map((x) => (Number.isNaN(x) ? 1 : 0)))],
      };
    };
    return {
      training: transform(training),
      transform,
      write(graph, input) {
        if (flagged.length === 0) return input;
        const indexes = graph.constant(BigInt64Array.from(flagged, BigInt));
        const chosen = graph.add("Gather", [input, indexes], { attributes: { axis: 1 } });
        return graph.join([input, graph.asFloat(graph.add("IsNaN", [chosen]))]);
      },
    };
  },
};
