import { meanOver } from "./means.ts";
import type { CreateObjective, ObjectiveData } from "./types.ts";

/** Pinball loss: the answer is a quantile. Trees are grown on its sign; a leaf then answers the quantile of what its rows are off by. */
export const quantile: CreateObjective = (data) => {
  const { scores, target, weights, quantile: level } = data;
  return {
    outputs: 1,
    base: (rows) => Float64Array.of(quantileOver(rows, data, (row) => target[row]!)),
    gradients(from, to, out) {
      for (let row = from; row < to; row++) {
        const weight = weights === null ? 1 : weights[row]!;
        out[2 * row] = weight * (scores[row]! >= target[row]! ? 1 - level : -level);
        out[2 * row + 1] = weight;
      }
    },
    loss: (rows) =>
      meanOver(rows, data, (row) => {
        const off = target[row]! - scores[row]!;
        return off >= 0 ? level * off : (level - 1) * off;
      }),
    leafValue: (rows) => quantileOver(rows, data, (row) => target[row]! - scores[row]!),
  };
};

/** Without weights between the two nearest rows (type 7 of Hyndman and Fan 1996); with weights the row where the sum of weights crosses. */
function quantileOver(rows: Uint32Array, { weights, quantile: level }: ObjectiveData, figure: (row: number) => number): number {
  if (weights === null) {
    const values = Float64Array.from(rows, figure).sort();
    const place = (values.length - 1) * level;
    const below = Math.floor(place);
    const low = values[below]!;
    return low + (place - below) * ((values[below + 1] ?? low) - low);
  }
  const pairs = Array.from(rows, (row) => ({ value: figure(row), weight: weights[row]! })).sort((one, other) => one.value - other.value);
  const goal = level * pairs.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  return (pairs.find(({ weight }) => (sum += weight) >= goal) ?? pairs.at(-1)!).value;
}
