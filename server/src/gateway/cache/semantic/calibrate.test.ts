import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import { wilson } from "../../../statistics/index.ts";
import { type AnsweredPair, calibrate } from "./calibrate.ts";
import { createCalibrations } from "./calibrations.ts";

const goal = { precision: 0.9, confidence: 0.95 };

function pairsOf(similarity: number, equal: number, unequal: number): AnsweredPair[] {
  return [...Array.from({ length: equal }, () => true), ...Array.from({ length: unequal }, () => false)].map((isEqual) => ({
    similarity,
    isEqual,
  }));
}

describe("a threshold", () => {
  test("is the lowest one above which the lower bound keeps the goal", () => {
    const pairs = [...pairsOf(0.5, 10, 40), ...pairsOf(0.9, 50, 0), ...pairsOf(0.8, 48, 2)];
    expect(calibrate(pairs, goal)).toEqual({ threshold: 0.8, precision: wilson(98, 100) });
  });

  test("is none while few pairs say nothing, however good they are", () => {
    expect(calibrate([], goal).threshold).toBeNull();
    expect(calibrate(pairsOf(1, 30, 0), goal)).toMatchObject({ threshold: null, precision: { n: 30 } });
    expect(calibrate(pairsOf(1, 40, 0), goal)).toMatchObject({ threshold: 1, precision: { n: 40 } });
  });

  test("is none where alike questions have different answers", () => {
    expect(calibrate([...pairsOf(0.99, 60, 40), ...pairsOf(0.2, 5, 5)], goal).threshold).toBeNull();
  });

  test("keeps the goal on its pairs whatever they are, and no lower one does", () => {
    const pair = fc.record({ similarity: fc.integer({ min: 0, max: 20 }).map((each) => each / 20), isEqual: fc.boolean() });
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 120 }), fc.constantFrom(0.5, 0.7, 0.9), (pairs, precision) => {
        const { threshold, precision: estimate } = calibrate(pairs, { precision, confidence: 0.8 });
        const lowAt = (least: number) => {
          const above = pairs.filter(({ similarity }) => similarity >= least);
          return wilson(above.filter(({ isEqual }) => isEqual).length, above.length, 0.8);
        };
        const good = [...new Set(pairs.map(({ similarity }) => similarity))].filter((each) => lowAt(each).low >= precision);
        expect(threshold).toBe(good.length === 0 ? null : Math.min(...good));
        if (threshold !== null) expect(estimate).toEqual(lowAt(threshold));
      }),
    );
  });

  test("found on one part of a traffic keeps the goal on the rest", () => {
    const random = createRandom(7);
    // The more alike, the oftener the same answer: nine in ten are reached at about 0.8.
    const draw = () => {
      const similarity = random.next();
      return { similarity, isEqual: random.next() < similarity ** 0.25 };
    };
    const rest = Array.from({ length: 5000 }, draw);
    let kept = 0;
    for (let round = 0; round < 40; round++) {
      const { threshold } = calibrate(Array.from({ length: 400 }, draw), goal);
      const hits = rest.filter(({ similarity }) => threshold !== null && similarity >= threshold);
      if (hits.length === 0 || hits.filter(({ isEqual }) => isEqual).length / hits.length >= goal.precision) kept++;
    }
    expect(kept).toBeGreaterThanOrEqual(38);
  });
});

describe("what traffic has shown", () => {
  test("is kept for each function of each project by itself", () => {
    const calibrations = createCalibrations(goal);
    for (const pair of pairsOf(0.9, 50, 0)) calibrations.add("p", "triage", pair);
    expect(calibrations.thresholdOf("p", "triage")).toBe(0.9);
    expect([calibrations.thresholdOf("q", "triage"), calibrations.thresholdOf("p", "other")]).toEqual([null, null]);
    expect(calibrations.list("p")).toMatchObject([{ function: "triage", pairs: 50, threshold: 0.9 }]);
    expect(calibrations.list("q")).toEqual([]);
  });

  test("is given up when the traffic changes, and not lost among pairs that are less alike", () => {
    const calibrations = createCalibrations(goal);
    for (const pair of pairsOf(0.9, 60, 0)) calibrations.add("p", "triage", pair);
    for (const pair of pairsOf(0.1, 0, 500)) calibrations.add("p", "triage", pair);
    expect(calibrations.thresholdOf("p", "triage")).toBe(0.9);
    for (const pair of pairsOf(0.9, 0, 30)) calibrations.add("p", "triage", pair);
    expect(calibrations.thresholdOf("p", "triage")).toBeNull();
  });
});
