import { meanOver } from "./means.ts";
import type { CreateObjective } from "./types.ts";

/** Log loss of the softmax over one score a class; one tree a class. The hessian as in LightGBM: K / (K - 1) p (1 - p). */
export const multiclass: CreateObjective = (data) => {
  const { scores, target, weights, rows: count, classes } = data;
  const factor = classes / (classes - 1);
  /** Subtracts before `exp`, so that no score overflows. */
  const logSum = (row: number) => {
    let most = -Infinity;
    for (let each = 0; each < classes; each++) most = Math.max(most, scores[each * count + row]!);
    let sum = 0;
    for (let each = 0; each < classes; each++) sum += Math.exp(scores[each * count + row]! - most);
    return most + Math.log(sum);
  };
  return {
    outputs: classes,
    base: (rows) =>
      Float64Array.from({ length: classes }, (_, each) => {
        return Math.log(
          Math.max(
            1e-15,
            meanOver(rows, data, (row) => Number(target[row] === each)),
          ),
        );
      }),
    gradients(from, to, out) {
      for (let row = from; row < to; row++) {
        const weight = weights === null ? 1 : weights[row]!;
        const sum = logSum(row);
        for (let each = 0; each < classes; each++) {
          const at = 2 * (each * count + row);
          const probability = Math.exp(scores[each * count + row]! - sum);
          out[at] = weight * (probability - (target[row] === each ? 1 : 0));
          out[at + 1] = weight * factor * probability * (1 - probability);
        }
      }
    },
    loss: (rows) => meanOver(rows, data, (row) => logSum(row) - scores[target[row]! * count + row]!),
  };
};
