import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fold, groupFolds, stratifiedFolds, takeShare, timeFolds } from "./folds.ts";

const foldCount = fc.integer({ min: 2, max: 8 });
const seed = fc.nat(1000);

function expectPartition(folds: readonly Fold[], rows: number): void {
  const measured = folds.flatMap(({ validation }) => [...validation]).sort((a, b) => a - b);
  expect(measured).toEqual(Array.from({ length: rows }, (_, row) => row));
  for (const { train, validation } of folds) {
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(measured);
    expect([...train]).toEqual([...train].sort((a, b) => a - b));
  }
}

describe("stratified folds", () => {
  test("measure every row once, never one they trained on, and deal out each label evenly", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 8, maxLength: 60 }), foldCount, seed, (labels, count, drawn) => {
        const folds = stratifiedFolds(labels, count, drawn);
        expectPartition(folds, labels.length);
        for (const label of new Set(labels)) {
          const held = folds.map(({ validation }) => validation.filter((row) => labels[row] === label).length);
          expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
        }
        const sizes = folds.map(({ validation }) => validation.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("are others for another seed, the same for the same", () => {
    const labels = Array.from({ length: 40 }, (_, row) => row % 2);
    expect(stratifiedFolds(labels, 4, 1)).toEqual(stratifiedFolds(labels, 4, 1));
    expect(stratifiedFolds(labels, 4, 1)).not.toEqual(stratifiedFolds(labels, 4, 2));
  });
});

test("group folds never part a group", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 8, maxLength: 60 }),
      foldCount,
      seed,
      (groups, count, drawn) => {
        const folds = groupFolds(groups, count, drawn);
        expectPartition(folds, groups.length);
        for (const { train, validation } of folds) {
          const trained = new Set([...train].map((row) => groups[row]));
          expect([...validation].some((row) => trained.has(groups[row]))).toBe(false);
        }
      },
    ),
  );
});

test("time folds never look ahead, and never measure a row twice", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 200 }), foldCount, (rows, count) => {
      const folds = timeFolds(rows, count);
      const measured = folds.flatMap(({ validation }) => [...validation]);
      expect(new Set(measured).size).toBe(measured.length);
      expect(measured.at(-1)).toBe(rows - 1);
      for (const { train, validation } of folds) {
        expect(train.length).toBeGreaterThan(0);
        expect(Math.max(...train)).toBe(validation[0]! - 1);
      }
    }),
  );
});

describe("a share of the rows", () => {
  test("grows by adding rows, and keeps every label", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 5, maxLength: 60 }), seed, (strata, drawn) => {
        const rows = Int32Array.from(strata.keys()).filter((row) => row % 3 !== 0);
        const shares = [0.1, 0.4, 1].map((share) => takeShare(rows, share, { strata, byTime: false, seed: drawn }));
        for (const [index, kept] of shares.entries()) {
          expect(new Set([...kept].map((row) => strata[row]))).toEqual(new Set([...rows].map((row) => strata[row])));
          if (index > 0) expect([...kept]).toEqual(expect.arrayContaining([...shares[index - 1]!]));
        }
        expect(shares.at(-1)).toEqual(rows);
      }),
    );
  });

  test("is the latest of rows in order of time", () => {
    const rows = Int32Array.from({ length: 10 }, (_, row) => row);
    expect([...takeShare(rows, 0.3, { strata: rows, byTime: true, seed: 1 })]).toEqual([7, 8, 9]);
  });
});
