import { logOdds, meanOver } from "./means.ts";
import type { CreateObjective } from "./types.ts";

/** Log loss of one score: the target is 0 or 1. */
export const binary: CreateObjective = (data) => {
  const { scores, target, weights } = data;
  return {
    outputs: 1,
    base: (rows) => Float64Array.of(logOdds(meanOver(rows, data, (row) => target[row]!))),
    gradients(from, to, out) {
      for (let row = from; row < to; row++) {
        const weight = weights === null ? 1 : weights[row]!;
        const probability = 1 / (1 + Math.exp(-scores[row]!));
        out[2 * row] = weight * (probability - target[row]!);
        out[2 * row + 1] = weight * probability * (1 - probability);
      }
    },
    loss: (rows) =>
      meanOver(rows, data, (row) => {
        const wrong = target[row] === 1 ? -scores[row]! : scores[row]!;
        return Math.max(0, wrong) + Math.log1p(Math.exp(-Math.abs(wrong)));
      }),
  };
};
