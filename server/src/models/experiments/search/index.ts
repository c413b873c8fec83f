import type { CreateExperiment } from "@millrace/contract";
import { searchGrid } from "./grid.ts";
import { searchByHalving } from "./halving.ts";
import { searchAtRandom } from "./random.ts";
import { searchByTpe } from "./tpe.ts";
import type { Plan, Proposal, Searcher, Tried } from "./types.ts";

const searchers: Readonly<Record<CreateExperiment["algorithm"], Searcher>> = {
  grid: searchGrid,
  random: searchAtRandom,
  tpe: searchByTpe,
  halving: searchByHalving,
};

/** What to try after what was tried; null at the end. Without anything to search each candidate is tried once. */
export function proposeTrial(algorithm: CreateExperiment["algorithm"], plan: Plan, tried: readonly Tried[]): Proposal | null {
  const { candidates } = plan;
  const isFixed = candidates.every(({ space }) => Object.keys(space).length === 0);
  const fixed = isFixed || plan.defaultsFirst ? candidates.length : 0;
  if (tried.length >= plan.trials) return null;
  if (tried.length < fixed) return { candidate: tried.length, values: {}, share: 1 };
  return isFixed ? null : searchers[algorithm](plan, tried);
}

export { droppedAfter } from "./halving.ts";
export { checkCandidate } from "./space.ts";
export type { Candidate, Plan, Proposal, Tried } from "./types.ts";
