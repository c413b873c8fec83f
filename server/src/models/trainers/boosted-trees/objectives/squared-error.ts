import { meanOver } from "./means.ts";
import type { CreateObjective } from "./types.ts";

/** Half the squared error: the answer is a mean. */
export const squaredError: CreateObjective = (data) => {
  const { scores, target, weights } = data;
  return {
    outputs: 1,
    base: (rows) => Float64Array.of(meanOver(rows, data, (row) => target[row]!)),
    gradients(from, to, out) {
      for (let row = from; row < to; row++) {
        const weight = weights === null ? 1 : weights[row]!;
        out[2 * row] = weight * (scores[row]! - target[row]!);
        out[2 * row + 1] = weight;
      }
    },
    loss: (rows) => meanOver(rows, data, (row) => (scores[row]! - target[row]!) ** 2),
  };
};
