import { z } from "zod";
import { mean as meanOf } from "../../statistics/index.ts";
import { affine, asMatrix, present } from "./matrix.ts";
import type { Step } from "./types.ts";

const parametersSchema = z.strictObject({});

/** (x - mean) / standard deviation, both of the training rows (population); a constant column becomes 0. */
export const standard: Step = {
  name: "standard",
  takes: ["matrix"],
  parametersSchema,
  fit(values) {
    const training = asMatrix(values);
    const moments = training.columns.map((column) => {
      const there = present(column);
      if (there.length === 0) return { mean: 0, deviation: 0 };
      const mean = meanOf(there);
      const deviation = Math.sqrt(meanOf(there.map((x) => (x - mean) ** 2)));
      // What is less than a 32-bit float can tell is rounding, not spread.
      return { mean, deviation: deviation > 1e-7 * Math.abs(mean) ? deviation : 0 };
    });
    return affine(
      training,
      moments.map(({ mean }) => mean),
      moments.map(({ deviation }) => deviation),
    );
  },
};

/** (x - least) / (greatest - least) of the training rows: they come to [0, 1], later ones may lie outside; a constant column becomes 0. */
export const minMax: Step = {
  name: "min-max",
  takes: ["matrix"],
  parametersSchema,
  fit(values) {
    const training = asMatrix(values);
    const ranges = training.columns.map((column) => {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const x of present(column)) [low, high] = [Math.min(low, x), Math.max(high, x)];
      return low <= high ? { low, span: high - low } : { low: 0, span: 1 };
    });
    return affine(
      training,
      ranges.map(({ low }) => low),
      ranges.map(({ span }) => span),
    );
  },
};
