import { z } from "zod";
import { asMatrix, elementwise, fround } from "./matrix.ts";
import type { Step } from "./types.ts";

/** sign(x) ln(1 + |x|): draws long tails in, on both sides of 0. */
export const log: Step = {
  name: "log",
  takes: ["matrix"],
  parametersSchema: z.strictObject({}),
  fit(values) {
    const training = asMatrix(values);
    return elementwise(training, {
      names: training.names,
      value: (x) => fround(Math.sign(x) * fround(Math.log(fround(Math.abs(x) + 1)))),
      write(graph, input) {
        const size = graph.add("Log", [graph.add("Add", [graph.add("Abs", [input]), graph.floats(1)])]);
        return graph.add("Mul", [graph.add("Sign", [input]), size]);
      },
    });
  },
};
