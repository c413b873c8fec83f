import { meanOver } from "./means.ts";
import type { CreateObjective } from "./types.ts";

/** Steps are kept small where the mean is (LightGBM's `poisson_max_delta_step`). */
const largestStep = 0.7;

/** Poisson deviance of counts: the score is the logarithm of the mean. */
export const poisson: CreateObjective = (data) => {
  const { scores, target, weights } = data;
  return {
    outputs: 1,
    base: (rows) => {
      const mean = meanOver(rows, data, (row) => target[row]!);
      return Float64Array.of(Math.log(Math.max(1e-15, mean)));
    },
    gradients(from, to, out) {
      for (let row = from; row < to; row++) {
        const weight = weights === null ? 1 : weights[row]!;
        const mean = Math.exp(scores[row]!);
        out[2 * row] = weight * (mean - target[row]!);
        out[2 * row + 1] = weight * mean * Math.exp(largestStep);
      }
    },
    loss: (rows) => meanOver(rows, data, (row) => Math.exp(scores[row]!) - target[row]! * scores[row]!),
  };
};
