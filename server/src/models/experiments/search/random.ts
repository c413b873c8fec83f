import { createRandom } from "../../../core/index.ts";
import { drawProposal } from "./space.ts";
import type { Searcher } from "./types.ts";

/** The numbers that the trial of this place is drawn by. */
export function randomOf(seed: number, trial: number) {
  return createRandom(seed + Math.imul(trial + 1, 0x9e3779b1));
}

/** Each trial drawn anew (Bergstra and Bengio 2012). */
export const searchAtRandom: Searcher = (plan, tried) =>
  tried.length < plan.trials ? drawProposal(plan, randomOf(plan.seed, tried.length)) : null;
