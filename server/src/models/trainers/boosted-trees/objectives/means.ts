import type { ObjectiveData } from "./types.ts";

/** Weighted mean of a figure over rows. */
export function meanOver(rows: Uint32Array, { weights }: Pick<ObjectiveData, "weights">, figure: (row: number) => number): number {
  let sum = 0;
  let total = 0;
  for (const row of rows) {
    const weight = weights === null ? 1 : weights[row]!;
    sum += weight * figure(row);
    total += weight;
  }
  return sum / total;
}

/** The score whose logistic is a share, kept off infinity. */
export function logOdds(share: number): number {
  const kept = Math.min(1 - 1e-15, Math.max(1e-15, share));
  return Math.log(kept / (1 - kept));
}
