import type { Dimension } from "@millrace/contract";
import type { Random } from "../../../core/index.ts";
import { normalCdf } from "../../../statistics/index.ts";
import { randomOf } from "./random.ts";
import { drawProposal, fromUnit, hasSpace, toUnit } from "./space.ts";
import type { Plan, Proposal, Searcher, Tried } from "./types.ts";

/** Trials drawn at random before anything is modelled, at most; a third of a small budget. */
const mostStart = 10;
/** Proposals drawn from the good ones, of which the likeliest good is tried. */
const draws = 24;
/** The paper's gamma. */
const goodShare = 0.15;

/**
 * Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl 2011, section 4): trials are parted in good and others, each
 * parameter has a density of either (hyperopt's: a Gaussian about each value as wide as its wider neighbour is far, and a wide one
 * for the prior), and what is tried next maximises good / others among values drawn from the good. The trainer is the first choice,
 * and its parameters are modelled from its own trials alone. The latest trials weigh as much as the first.
 */
export const searchByTpe: Searcher = (plan, tried) => {
  if (tried.length >= plan.trials) return null;
  const random = randomOf(plan.seed, tried.length);
  const start = Math.max(Math.min(mostStart, Math.ceil(plan.trials / 3)), plan.defaultsFirst ? plan.candidates.length : 1);
  const parts = partTrials(tried);
  if (tried.length < start || parts.good.length === 0) return drawProposal(plan, random);
  const candidate = chooseCandidate(plan, parts, random);
  return { candidate, values: chooseValues(plan, { candidate, tried, random }), share: 1 };
};

interface Parts {
  readonly good: readonly Tried[];
  readonly others: readonly Tried[];
}

/** The best 15% are good, at least one and at most 25; a failure never is. */
function partTrials(tried: readonly Tried[]): Parts {
  const ranked = tried.toSorted((a, b) => (a.loss ?? Number.POSITIVE_INFINITY) - (b.loss ?? Number.POSITIVE_INFINITY));
  const succeeded = tried.filter(({ loss }) => loss !== null).length;
  const count = Math.min(25, succeeded, Math.ceil(goodShare * tried.length));
  return { good: ranked.slice(0, count), others: ranked.slice(count) };
}

/** Among those that have a space; the others were tried, and would only come to the same again. */
function chooseCandidate({ candidates }: Plan, { good, others }: Parts, random: Random): number {
  const searched = [...candidates.keys()].filter((place) => hasSpace(candidates[place]!));
  const weights = (part: readonly Tried[]) =>
    shares(
      searched.length,
      part.map(({ candidate }) => searched.indexOf(candidate)).filter((place) => place !== -1),
    );
  return searched[likeliest(weights(good), weights(others), random)]!;
}

interface Choosing {
  readonly candidate: number;
  readonly tried: readonly Tried[];
  readonly random: Random;
}

function chooseValues({ candidates }: Plan, { candidate, tried, random }: Choosing): Proposal["values"] {
  // A candidate's fixed parameters alone (`defaultsFirst`) stand at no place of its space.
  const { space } = candidates[candidate]!;
  const names = Object.keys(space);
  const own = tried.filter((each) => each.candidate === candidate && names.every((name) => Object.hasOwn(each.values, name)));
  const { good, others } = partTrials(own);
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => {
      const valuesOf = (part: readonly Tried[]) => part.map(({ values }) => values[name]);
      return [name, chooseValue(dimension, { good: valuesOf(good), others: valuesOf(others) }, random)];
    }),
  );
}

interface Seen {
  readonly good: readonly unknown[];
  readonly others: readonly unknown[];
}

function chooseValue(dimension: Dimension, { good, others }: Seen, random: Random): unknown {
  if (dimension.kind === "choice") {
    const { values } = dimension;
    const sharesOf = (seen: readonly unknown[]) =>
      shares(
        values.length,
        seen.map((value) => placeOf(values, value)),
      );
    return values[likeliest(sharesOf(good), sharesOf(others), random)];
  }
  const densityOf = (seen: readonly unknown[]) => makeDensity(seen.map((value) => toUnit(dimension, value as number)));
  return fromUnit(dimension, likeliestPlace(densityOf(good), densityOf(others), random));
}

/** Values of a choice come back from where trials are kept as equal JSON, not as the same objects. */
function placeOf(values: readonly unknown[], value: unknown): number {
  const text = JSON.stringify(value);
  return values.findIndex((each) => JSON.stringify(each) === text);
}

/** How often each place was taken, one more each for the prior; they add up to 1. */
function shares(count: number, places: readonly number[]): Float64Array {
  const weights = new Float64Array(count).fill(1);
  for (const place of places) if (place >= 0) weights[place]! += 1;
  return weights.map((weight) => weight / (count + places.length));
}

/** Of places drawn from the good, the one that is likeliest good. */
function likeliest(good: Float64Array, others: Float64Array, random: Random): number {
  let best = -1;
  for (let draw = 0; draw < draws; draw++) {
    let left = random.next();
    let place = 0;
    while (place < good.length - 1 && left >= good[place]!) left -= good[place++]!;
    if (best === -1 || good[place]! / others[place]! > good[best]! / others[best]!) best = place;
  }
  return best;
}

function likeliestPlace(good: Density, others: Density, random: Random): number {
  let best = { place: 0.5, ratio: Number.NEGATIVE_INFINITY };
  for (let draw = 0; draw < draws; draw++) {
    const place = good.draw(random);
    const ratio = Math.log(good.at(place)) - Math.log(others.at(place));
    if (ratio > best.ratio) best = { place, ratio };
  }
  return best.place;
}

interface Density {
  at(place: number): number;
  draw(random: Random): number;
}

/** A mixture of Gaussians on [0, 1], one about each place and one of the prior (mean 1/2, width 1), all of one weight, cut at the ends. */
function makeDensity(places: readonly number[]): Density {
  const centres = [...places, 0.5].sort((a, b) => a - b);
  const narrowest = 1 / Math.min(100, centres.length + 1);
  let hasPrior = false;
  const bells = centres.map((centre, index) => {
    const isPrior = centre === 0.5 && !hasPrior;
    hasPrior ||= isPrior;
    const reach = Math.max(centre - (centres[index - 1] ?? centre), (centres[index + 1] ?? centre) - centre);
    const width = isPrior ? 1 : Math.min(1, Math.max(narrowest, reach));
    return { centre, width, mass: normalCdf((1 - centre) / width) - normalCdf(-centre / width) };
  });
  return {
    at: (place) =>
      bells.reduce((sum, { centre, width, mass }) => sum + Math.exp(-(((place - centre) / width) ** 2 / 2)) / (width * mass), 0) /
      (bells.length * Math.sqrt(2 * Math.PI)),
    draw(random) {
      const { centre, width } = bells[random.integer(bells.length)]!;
      for (;;) {
        const place = centre + width * Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
        if (place >= 0 && place <= 1) return place;
      }
    },
  };
}
