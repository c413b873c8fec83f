import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import { fromUnit, toUnit } from "./space.ts";
import { type Candidate, type Plan, type Tried, checkCandidate, findDropped, proposeTrial } from "./index.ts";
import { rungsOf } from "./halving.ts";

type Algorithm = Parameters<typeof proposeTrial>[0];

const bowl: Candidate = {
  trainer: "boosted-trees",
  parameters: {},
  space: { x: { kind: "float", from: -5, to: 5 }, y: { kind: "log", from: 1e-3, to: 1e3 }, z: { kind: "choice", values: ["a", "b", "c"] } },
};

/** Least at x = 2, y = 10, z = b. */
function depth({ values }: Pick<Tried, "values">): number {
  const { x, y, z } = values as { x: number; y: number; z: string };
  return (x - 2) ** 2 + (Math.log10(y) - 1) ** 2 + (z === "b" ? 0 : 1);
}

function search(algorithm: Algorithm, plan: Partial<Plan>, loss: (proposal: Omit<Tried, "loss">) => number | null = depth): Tried[] {
  const whole: Plan = { candidates: [bowl], trials: 30, seed: 1, defaultsFirst: false, ...plan };
  const tried: Tried[] = [];
  for (;;) {
    const proposal = proposeTrial(algorithm, whole, tried);
    if (proposal === null) return tried;
    tried.push({ ...proposal, loss: loss(proposal) });
  }
}

const algorithms: readonly Algorithm[] = ["grid", "random", "tpe", "halving"];

describe("a search", () => {
  test("keeps to its budget and its space, ends, and goes on after a restart as it would have", () => {
    fc.assert(
      fc.property(fc.constantFrom(...algorithms), fc.integer({ min: 1, max: 25 }), fc.nat(1000), (algorithm, trials, seed) => {
        const tried = search(algorithm, { trials, seed });
        expect(tried.length).toBeGreaterThan(0);
        expect(tried.length).toBeLessThanOrEqual(trials);
        for (const { values } of tried) {
          const { x, y, z } = values as { x: number; y: number; z: string };
          expect(x >= -5 && x <= 5 && y >= 1e-3 && y <= 1e3 && ["a", "b", "c"].includes(z)).toBe(true);
        }
        expect(search(algorithm, { trials, seed })).toEqual(tried);
      }),
      { numRuns: 40 },
    );
  });

  test("goes on when every trial fails, but halving, which has none to go on with", () => {
    for (const algorithm of algorithms)
      expect(search(algorithm, { trials: 13 }, () => null)).toHaveLength(algorithm === "halving" ? rungsOf(13)[0]! : 13);
  });

  test("tries each candidate once when there is nothing to search, and first when it is told to", () => {
    const candidates = ["linear", "baseline"].map((trainer) => ({ trainer, parameters: {}, space: {} }));
    expect(search("tpe", { candidates }, () => 1).map(({ candidate }) => candidate)).toEqual([0, 1]);
    const some = search("tpe", { candidates: [...candidates, bowl], defaultsFirst: true, trials: 8 }, ({ candidate }) => candidate);
    expect(some.slice(0, 3).map(({ candidate, values }) => [candidate, values])).toEqual([0, 1, 2].map((place) => [place, {}]));
    expect(some).toHaveLength(8);
    // What has nothing to search is not tried again.
    expect(some.slice(3).map(({ candidate }) => candidate)).toEqual([2, 2, 2, 2, 2]);
    for (const algorithm of algorithms) {
      const both = search(algorithm, { candidates: [bowl, candidates[0]!], trials: 14 });
      expect(both.map(({ candidate }) => candidate)).toEqual(both.map((_, place) => (place === 0 ? 1 : 0)));
    }
  });
});

test("a place in a range and its value are inverse", () => {
  const ranges = [
    { kind: "int", from: -3, to: 12 },
    { kind: "float", from: -1, to: 8 },
    { kind: "log", from: 1e-4, to: 50 },
  ] as const;
  fc.assert(
    fc.property(fc.constantFrom(...ranges), fc.double({ min: 0, max: 1, noNaN: true }), (range, place) => {
      const value = fromUnit(range, place);
      expect(value >= range.from && value <= range.to).toBe(true);
      expect(fromUnit(range, toUnit(range, value))).toBeCloseTo(value, 8);
    }),
  );
});

test("a grid visits every cell once, the ends of a range among them", () => {
  const space: Candidate["space"] = {
    leaves: { kind: "int", from: 2, to: 4 },
    kind: { kind: "choice", values: [1, 2] },
    rate: { kind: "float", from: 0, to: 1 },
  };
  const tried = search("grid", { candidates: [{ ...bowl, space }], trials: 100 }, () => 1);
  expect(new Set(tried.map(({ values }) => JSON.stringify(values))).size).toBe(3 * 2 * 5);
  expect(tried.map(({ values }) => values["rate"])).toEqual(expect.arrayContaining([0, 0.25, 0.5, 0.75, 1]));
  const wide = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`p${index}`, { kind: "float", from: 0, to: 1 } as const]));
  expect(() => search("grid", { candidates: [{ ...bowl, space: wide }] })).toThrow(/15625 cells/);
});

test("TPE comes nearer to the least than random search, over seeds", () => {
  const best = (algorithm: Algorithm, seed: number) => Math.min(...search(algorithm, { trials: 40, seed }).map(({ loss }) => loss!));
  const seeds = Array.from({ length: 30 }, (_, index) => index);
  const means = (["tpe", "random"] as const).map((algorithm) => seeds.reduce((sum, seed) => sum + best(algorithm, seed), 0) / seeds.length);
  expect(means[0]!).toBeLessThan(means[1]! * 0.8);
  expect(seeds.filter((seed) => best("tpe", seed) < best("random", seed)).length).toBeGreaterThan(seeds.length * 0.6);
});

test("TPE spends its trials on the trainer that does better", () => {
  const candidates = ["linear", "boosted-trees"].map((trainer) => ({ ...bowl, trainer }));
  const tried = search("tpe", { candidates, trials: 40 }, (proposal) => depth(proposal) + 20 * proposal.candidate);
  expect(tried.slice(10).filter(({ candidate }) => candidate === 0).length).toBeGreaterThan(20);
});

describe("successive halving", () => {
  test("has as many on its rungs as the budget holds", () => {
    expect([1, 2, 3, 4, 13, 27].map((trials) => rungsOf(trials))).toEqual([[1], [2], [2], [3, 1], [9, 3, 1], [18, 6, 2]]);
  });

  test("keeps the best to the last rung, gives it all rows, and says why the others went", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 40 }), fc.nat(1000), (trials, seed) => {
        const random = createRandom(seed);
        const losses = new Map<string, number>();
        const lossOf = ({ values }: Pick<Tried, "values">) => {
          const key = JSON.stringify(values);
          if (!losses.has(key)) losses.set(key, random.next());
          return losses.get(key)!;
        };
        const tried = search("halving", { trials, seed }, lossOf);
        const last = tried.filter(({ share }) => share === 1);
        expect(Math.min(...last.map(({ loss }) => loss!))).toBe(Math.min(...losses.values()));
        const dropped = tried.flatMap((_, index) =>
          findDropped({ candidates: [bowl], trials, seed, defaultsFirst: false }, tried.slice(0, index + 1)),
        );
        expect(dropped.length).toBe(losses.size - last.length);
        expect(new Set(dropped.map(({ place }) => place)).size).toBe(dropped.length);
        const worst = tried.findIndex(({ loss }) => loss === Math.max(...losses.values()));
        expect(dropped.map(({ place }) => place)).toContain(worst);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a space", () => {
  test.each<[Candidate["space"], object, RegExp]>([
    [{ trees: { kind: "int", from: 0, to: 10 } }, {}, /trees: /],
    [{ trees: { kind: "float", from: 1.5, to: 10 } }, {}, /trees: /],
    [{ trees: { kind: "int", from: 10, to: 10 } }, {}, /"from" must be less than "to"/],
    [{ forests: { kind: "int", from: 1, to: 10 } }, {}, /forests/],
    [{ trees: { kind: "choice", values: [5, "many"] } }, {}, /trees: /],
    [{ trees: { kind: "int", from: 1, to: 10 } }, { trees: 5 }, /both fixed and searched/],
  ])("that the trainer would not take is refused: %j", (space, parameters, said) => {
    expect(() => checkCandidate({ trainer: "boosted-trees", parameters: { ...parameters }, space })).toThrow(said);
  });

  test("of what the trainer takes is taken", () => {
    const space = { trees: { kind: "int", from: 10, to: 50 }, learningRate: { kind: "log", from: 0.01, to: 0.3 } } as const;
    expect(() => checkCandidate({ trainer: "boosted-trees", parameters: { leaves: 7 }, space })).not.toThrow();
  });
});
