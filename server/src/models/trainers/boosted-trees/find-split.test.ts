import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findCategorySplit } from "./find-category-split.ts";
import { type LeafSums, findNumberSplit } from "./find-number-split.ts";
import { defaultOptions } from "./types.ts";

/** Bins with a whole number of rows each (the hessian) and what they pull; bin 0 is what is missing. */
const histograms = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 0, max: 8 })), { minLength: 2, maxLength: 9 });
type Bins = readonly (readonly [gradient: number, rows: number])[];

const options = { ...defaultOptions, minimumRows: 3, l2: 1, categorySmoothing: 0, categoryL2: 0, minimumCategoryRows: 0 };
const sum = (bins: Bins, part: 0 | 1) => bins.reduce((total, bin) => total + bin[part], 0);
const score = (bins: Bins) => sum(bins, 0) ** 2 / (sum(bins, 1) + options.l2);

/** Rows that are not there pull nothing. */
function toInput(drawn: Bins, bounds: Partial<LeafSums> = {}) {
  const bins: Bins = drawn.map(([gradient, rows]) => (rows === 0 ? [0, 0] : [gradient, rows]));
  const leaf: LeafSums = {
    gradient: sum(bins, 0),
    hessian: sum(bins, 1),
    rows: sum(bins, 1),
    lower: -Infinity,
    upper: Infinity,
    ...bounds,
  };
  const histogram = Float64Array.from([7, 7, ...bins.flat()]);
  return { bins, input: { histogram, at: 2, bins: bins.length, monotone: 0 as -1 | 0 | 1, leaf, options } };
}

/** The best of all ways to part the bins, of those that leave enough rows on both sides; 0 when none gains. */
function bestOf(bins: Bins, ways: readonly (readonly number[])[]): number {
  const gains = ways.map((left) => {
    const [one, other] = [bins.filter((_, bin) => left.includes(bin)), bins.filter((_, bin) => !left.includes(bin))];
    return Math.min(sum(one, 1), sum(other, 1)) < options.minimumRows ? 0 : score(one) + score(other) - score(bins);
  });
  return Math.max(0, ...gains);
}

describe("the best split", () => {
  test("of a number is the best threshold with the missing on the best side", () => {
    fc.assert(
      fc.property(histograms, (drawn) => {
        const { bins, input } = toInput(drawn);
        fc.pre(input.leaf.rows > 0);
        const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
        const ways = bins.flatMap((_, bin) => (bin === 0 ? [] : [upTo(bin), [0, ...upTo(bin)]]));
        const found = findNumberSplit(input);
        expect(found?.gain ?? 0).toBeCloseTo(bestOf(bins, ways), 9);
        if (found === null) return;
        const left = bins.filter((_, bin) => (bin === 0 ? found.missingLeft : bin <= found.bin));
        expect([found.leftGradient, found.leftHessian]).toEqual([sum(left, 0), sum(left, 1)]);
        expect(found.leftOutput).toBeCloseTo(-sum(left, 0) / (sum(left, 1) + options.l2), 9);
      }),
    );
  });

  test("of few categories is the best one against the rest", () => {
    fc.assert(
      fc.property(histograms, (drawn) => {
        const { bins, input } = toInput(drawn.slice(0, 5));
        fc.pre(input.leaf.rows > 0);
        const ways = bins.slice(1).map((_, index) => [index + 1]);
        expect(findCategorySplit(input)?.gain ?? 0).toBeCloseTo(bestOf(bins, ways), 9);
      }),
    );
  });

  test("of more categories is a run from one end of their order, of half of them at most, and never has what is missing on the left", () => {
    fc.assert(
      fc.property(histograms, (drawn) => {
        const { bins, input } = toInput([...drawn, [3, 4], [-3, 5], [1, 2], [-1, 3]]);
        const order = bins
          .flatMap(([, rows], bin) => (bin > 0 && rows > 0 ? [bin] : []))
          .sort((a, b) => {
            return bins[a]![0] / bins[a]![1] - bins[b]![0] / bins[b]![1] || a - b;
          });
        const sizes = Array.from({ length: Math.ceil(order.length / 2) }, (_, index) => index + 1);
        const ways = sizes.flatMap((size) => [order.slice(0, size), order.slice(-size)]);
        const found = findCategorySplit(input);
        expect(found?.gain ?? 0).toBeCloseTo(bestOf(bins, ways), 9);
        expect(found?.bins ?? []).not.toContain(0);
      }),
    );
  });

  test("keeps to bounds, and to the direction of a monotone number", () => {
    fc.assert(
      fc.property(histograms, fc.constantFrom(-1 as const, 0 as const, 1 as const), (drawn, monotone) => {
        const { input } = toInput(drawn, { lower: -1, upper: 0.5 });
        fc.pre(input.leaf.rows > 0);
        const found = findNumberSplit({ ...input, monotone });
        if (found === null) return;
        for (const output of [found.leftOutput, found.rightOutput]) {
          expect(output).toBeGreaterThanOrEqual(-1);
          expect(output).toBeLessThanOrEqual(0.5);
        }
        expect((found.rightOutput - found.leftOutput) * monotone).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
