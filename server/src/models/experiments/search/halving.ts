import { randomOf } from "./random.ts";
import { drawProposal } from "./space.ts";
import type { Plan, Searcher, Tried } from "./types.ts";

/** Each rung keeps the best third and gives it three times the rows (Jamieson and Talwalkar 2016; scikit-learn's `factor`). */
const factor = 3;
const mostRungs = 3;

/** How many are tried on each rung, the last on all rows: as many as the budget holds. */
export function rungsOf(trials: number): number[] {
  for (let first = trials; first >= 1; first--) {
    const rungs = Math.min(mostRungs, 1 + Math.floor(Math.log(first) / Math.log(factor) + 1e-9));
    const counts = [first];
    while (counts.length < rungs) counts.push(Math.ceil(counts.at(-1)! / factor));
    if (counts.reduce((sum, count) => sum + count, 0) <= trials) return counts;
  }
  return [1];
}

/** Successive halving over the share of the training rows: drawn at random on few of them, the best go on to more. */
export const searchByHalving: Searcher = (plan, tried) => {
  const counts = rungsOf(plan.trials);
  let from = 0;
  for (const [rung, count] of counts.entries()) {
    const share = factor ** (rung + 1 - counts.length);
    const place = tried.length - from;
    if (rung === 0 && place < count) return { ...drawProposal(plan, randomOf(plan.seed, tried.length)), share };
    if (rung > 0) {
      const ranked = rankedOf(tried.slice(from - counts[rung - 1]!, from)).slice(0, count);
      if (place < ranked.length) return { candidate: ranked[place]!.candidate, values: ranked[place]!.values, share };
      // Fewer went on than there was room for: the rest failed.
      if (ranked.length < count) return null;
    }
    from += count;
  }
  return null;
};

function rankedOf<T extends Tried>(rung: readonly T[]): T[] {
  return rung.filter(({ loss }) => loss !== null).toSorted((a, b) => a.loss! - b.loss!);
}

/** After the last trial of a rung: the places (from 0) of those that do not go on, with why. */
export function droppedAfter({ trials }: Pick<Plan, "trials">, tried: readonly Tried[]): { place: number; reason: string }[] {
  const counts = rungsOf(trials);
  let from = 0;
  for (const [rung, count] of counts.slice(0, -1).entries()) {
    if (tried.length === from + count) {
      const kept = counts[rung + 1]!;
      const places = tried.slice(from).map((each, index) => ({ ...each, place: from + index }));
      return rankedOf(places)
        .slice(kept)
        .map(({ place }, index) => ({
          place,
          reason: `rung ${rung + 1} of ${counts.length}: number ${kept + index + 1} of ${count}; the best ${kept} went on to more rows`,
        }));
    }
    from += count;
  }
  return [];
}
