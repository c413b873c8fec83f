import type { CreateExperiment } from "@millrace/contract";
import { searchGrid } from "./grid.ts";
import { droppedAfter, searchByHalving } from "./halving.ts";
import { searchAtRandom } from "./random.ts";
import { hasSpace } from "./space.ts";
import { searchByTpe } from "./tpe.ts";
import type { Plan, Proposal, Searcher, Tried } from "./types.ts";

const searchers: Readonly<Record<CreateExperiment["algorithm"], Searcher>> = {
  grid: searchGrid,
  random: searchAtRandom,
  tpe: searchByTpe,
  halving: searchByHalving,
};

/** Candidates that are tried once with their fixed parameters before the search begins: those without a space, or all. */
function firstOnes({ candidates, defaultsFirst }: Plan): number[] {
  return [...candidates.keys()].filter((place) => defaultsFirst || !hasSpace(candidates[place]!));
}

/** What to try after what was tried; null at the end. */
export function proposeTrial(algorithm: CreateExperiment["algorithm"], plan: Plan, tried: readonly Tried[]): Proposal | null {
  if (tried.length >= plan.trials) return null;
  const first = firstOnes(plan);
  if (tried.length < first.length) return { candidate: first[tried.length]!, values: {}, share: 1 };
  if (!plan.candidates.some(hasSpace)) return null;
  // What each trainer came to by itself says which to search; the others count their own trials.
  if (algorithm === "tpe") return searchers.tpe(plan, tried);
  return searchers[algorithm]({ ...plan, trials: plan.trials - first.length }, tried.slice(first.length));
}

/** After the last trial of a rung of `halving`: the places (from 0) of those that do not go on, with why. */
export function findDropped(plan: Plan, tried: readonly Tried[]): { place: number; reason: string }[] {
  const first = firstOnes(plan).length;
  const dropped = droppedAfter({ trials: plan.trials - first }, tried.slice(first));
  return dropped.map(({ place, reason }) => ({ place: place + first, reason }));
}

export { checkCandidate } from "./space.ts";
export type { Candidate, Plan, Proposal, Tried } from "./types.ts";
