import { createRandom } from "../../core/index.ts";

/** With fewer rows a half says nothing about the other. */
const leastRows = 40;

/**
 * The rows in two halves drawn by a fixed seed, each once to learn from and once to be measured, so that nothing is measured on what it was fitted to.
 * Null with too few.
 */
export function crossHalves(rows: number): { learn: number[]; measure: number[] }[] | null {
  if (rows < leastRows) return null;
  const order = createRandom(20_240_501).shuffle(Array.from({ length: rows }, (_, row) => row));
  const halves = [order.slice(0, rows >> 1), order.slice(rows >> 1)] as const;
  return [
    { learn: halves[0], measure: halves[1] },
    { learn: halves[1], measure: halves[0] },
  ];
}
