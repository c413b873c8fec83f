import type { DataContract } from "@millrace/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../core/index.ts";
import { type BuildOptions, buildRows } from "./build-rows.ts";
import { checkLeakage } from "./check-leakage.ts";
import type { ParsedRow, Row } from "./rows.ts";
import { chooseSplit, type SplitRule, sortRows, splitRows } from "./split-rows.ts";

const column = (name: string, more: object = {}) => ({
  name,
  type: "text" as const,
  nullable: true,
  unique: false,
  minimum: null,
  maximum: null,
  maxLength: null,
  values: null,
  ...more,
});
const contract: DataContract = {
  columns: [column("text"), column("label", { values: ["a", "b"] }), column("who"), column("amount", { type: "number" })],
};

const anyRows = fc
  .array(
    fc.record({
      who: fc.oneof(fc.constant(null), fc.constantFrom("ann", "bob", "cem", "dee", "eve")),
      label: fc.constantFrom("a", "b", "c"),
    }),
    {
      minLength: 2,
      maxLength: 80,
    },
  )
  .map((items) => items.map((values, index): Row => ({ line: index + 1, values: { ...values, text: `text ${index}` } })));
const anySeed = fc.integer({ min: 0, max: 1000 });
const anyShare = fc.double({ min: 0.05, max: 0.5, noNaN: true });
const anyRule = anySeed.chain((seed) =>
  fc.constantFrom<SplitRule>(
    { kind: "random", seed },
    { kind: "stratified", seed, column: "label" },
    { kind: "group", seed, group: "who" },
  ),
);
const texts = (rows: readonly Row[]) => rows.map(({ values }) => values["text"]);

describe("a split without time", () => {
  test("has every row once, neither side empty, and is the same for the same rows in any order", () => {
    fc.assert(
      fc.property(anyRows, anyRule, anyShare, anySeed, (rows, rule, share, shuffleSeed) => {
        fc.pre(new Set(rows.map(({ values }) => values["who"] ?? values["text"])).size > 1);
        const split = splitRows(sortRows(rows, undefined), { rule, share });
        expect([...texts(split.train), ...texts(split.holdout)].sort()).toEqual(texts(rows).sort());
        expect(Math.min(split.train.length, split.holdout.length)).toBeGreaterThan(0);
        const shuffled = createRandom(shuffleSeed).shuffle([...rows]);
        expect(splitRows(sortRows(shuffled, undefined), { rule, share })).toEqual(split);
      }),
    );
  });

  test("holds back the share that was asked for, to a row; of each value too when stratified", () => {
    fc.assert(
      fc.property(anyRows, anySeed, anyShare, (rows, seed, share) => {
        for (const rule of [
          { kind: "random", seed },
          { kind: "stratified", seed, column: "label" },
        ] as const) {
          const { holdout } = splitRows(rows, { rule, share });
          expect(Math.abs(holdout.length - rows.length * share)).toBeLessThanOrEqual(1);
          if (rule.kind === "random") continue;
          for (const label of ["a", "b", "c"]) {
            const all = rows.filter(({ values }) => values["label"] === label).length;
            const held = holdout.filter(({ values }) => values["label"] === label).length;
            expect(Math.abs(held - all * share)).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });

  test("has all rows of a group on one side, and is off by no more than half a group", () => {
    fc.assert(
      fc.property(anyRows, anySeed, anyShare, (rows, seed, share) => {
        const sizes = new Map<unknown, number>();
        for (const { values } of rows) sizes.set(values["who"] ?? values["text"], (sizes.get(values["who"] ?? values["text"]) ?? 0) + 1);
        fc.pre(sizes.size > 1);
        const { train, holdout } = splitRows(rows, { rule: { kind: "group", seed, group: "who" }, share });
        const known = new Set(train.map(({ values }) => values["who"]).filter((who) => who != null));
        expect(holdout.some(({ values }) => known.has(values["who"]!))).toBe(false);
        expect(Math.abs(holdout.length - rows.length * share)).toBeLessThanOrEqual(Math.max(...sizes.values()));
      }),
    );
  });

  test("leaves what came once to training", () => {
    const rows = ["a", "a", "a", "a", "b"].map((label, index): Row => ({ line: index, values: { label, text: `text ${index}` } }));
    for (let seed = 0; seed < 10; seed++)
      expect(
        splitRows(rows, { rule: { kind: "stratified", seed, column: "label" }, share: 0.5 }).holdout.every(
          ({ values }) => values["label"] === "a",
        ),
      ).toBe(true);
  });

  test("falls differently with another seed, and nearly the same when rows are added", () => {
    const rows = Array.from({ length: 200 }, (_, index): Row => ({ line: index, values: { text: `text ${index}` } }));
    const held = (seed: number, count: number) =>
      new Set(texts(splitRows(rows.slice(0, count), { rule: { kind: "random", seed }, share: 0.2 }).holdout));
    expect(held(1, 200)).not.toEqual(held(2, 200));
    const grown = held(1, 200);
    expect([...held(1, 180)].filter((text) => grown.has(text)).length).toBeGreaterThanOrEqual(30);
  });
});

describe("the split of a request", () => {
  const roles = { featureColumns: ["text"], labelColumn: "label" };

  test("is what the columns suggest when none is asked for", () => {
    expect(chooseSplit(undefined, { ...roles, timeColumn: "at" }, contract)).toEqual({ kind: "time" });
    expect(chooseSplit(undefined, roles, contract)).toEqual({ kind: "stratified", seed: 0, column: "label" });
    expect(chooseSplit(undefined, { featureColumns: ["text"], labelColumn: "amount" }, contract)).toEqual({ kind: "random", seed: 0 });
  });

  test("is refused where it cannot be made, and says why", () => {
    expect(() => chooseSplit({ kind: "time" }, roles, contract)).toThrow(/needs a time column/);
    expect(() => chooseSplit({ kind: "stratified", seed: 0, column: "amount" }, roles, contract)).toThrow(/"amount" has no list of values/);
    expect(() => chooseSplit({ kind: "stratified", seed: 0 }, { featureColumns: ["text"] }, contract)).toThrow(/needs a column/);
    expect(() => chooseSplit({ kind: "group", seed: 0, group: "clinic" }, roles, contract)).toThrow(
      /"clinic", which the contract does not have/,
    );
    const rows = [1, 2].map((line): Row => ({ line, values: { who: "ann", text: `text ${line}` } }));
    expect(() => splitRows(rows, { rule: { kind: "group", seed: 0, group: "who" }, share: 0.2 })).toThrow(/All 2 rows have the same who/);
  });
});

describe("a build without a time column", () => {
  const options: BuildOptions = {
    featureColumns: ["text"],
    labelColumn: "label",
    contract: "infer",
    holdout: 0.25,
    nearThreshold: 0.8,
    now: 0,
  };
  const long = (index: number) => Array.from({ length: 14 }, (_, place) => `w${(index * 131 + place * 977) % 7919}`).join(" ");
  const parse = (raw: Record<string, unknown>[]): ParsedRow[] => raw.map((each, index) => ({ line: index + 1, raw: each }));

  test("never has a row, a nearly equal one or a group on both sides, and comes out the same in any order", () => {
    const anyRaw = fc.array(
      fc.record({
        text: fc
          .tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom("", "!", " ok", " indeed so"))
          .map(([index, end]) => long(index).slice(0, 60 + (index % 40)) + end),
        label: fc.constantFrom("a", "b"),
        who: fc.constantFrom("ann", "bob", "cem", "dee"),
      }),
      { minLength: 12, maxLength: 60 },
    );
    fc.assert(
      fc.property(anyRaw, anySeed, fc.constantFrom("random" as const, "group" as const), (raw, seed, kind) => {
        fc.pre(new Set(raw.map(({ who }) => who)).size > 1);
        const split = kind === "group" ? ({ kind, seed, group: "who" } as const) : ({ kind, seed } as const);
        const build = (rows: typeof raw) => {
          try {
            return buildRows(parse(rows), [], { ...options, split });
          } catch (error) {
            return String(error);
          }
        };
        const built = build(raw);
        if (typeof built === "string") {
          expect(built).toMatch(/have the same who|fewer than 2/);
          return;
        }
        const { train, holdout, report } = built;
        const leakage = checkLeakage({
          split: built,
          splitRule: report.split,
          rule: { contract: report.contract, featureColumns: ["text"], nearThreshold: 0.8 },
        });
        expect(leakage.structural).toEqual([]);
        expect(report.splits.every(({ from, to }) => from === null && to === null)).toBe(true);
        const again = build(raw.toReversed()) as typeof built;
        expect(again.train.map(({ values }) => values)).toEqual(train.map(({ values }) => values));
        expect(again.holdout.map(({ values }) => values)).toEqual(holdout.map(({ values }) => values));
      }),
      { numRuns: 60 },
    );
  });
});

describe("what a feature alone says", () => {
  const wide: DataContract = {
    columns: [
      column("text"),
      column("amount", { type: "number" }),
      column("noise", { type: "number" }),
      column("label", { values: ["a", "b"] }),
      column("price", { type: "number" }),
      column("at", { type: "instant" }),
      column("closed", { type: "instant" }),
    ],
  };
  const random = createRandom(7);
  const rows = Array.from({ length: 120 }, (_, index): Row => {
    const amount = random.next();
    const day = (count: number) => new Date(Date.UTC(2026, 0, 1 + count)).toISOString();
    return {
      line: index + 1,
      values: {
        text: `text ${index}`,
        amount,
        noise: random.next(),
        label: amount > 0.4 ? "a" : "b",
        price: 3 - 2 * amount,
        at: day(index),
        closed: day(index + 3),
        who: ["ann", "bob"][index % 2]!,
      },
    };
  });
  const split = { train: rows.slice(0, 90), holdout: rows.slice(90) };
  const check = (labelColumn: string, splitRule: SplitRule = { kind: "time" }) =>
    checkLeakage({
      split,
      splitRule,
      rule: { contract: wide, featureColumns: ["amount", "noise", "closed"], nearThreshold: 0.8 },
      timeColumn: "at",
      labelColumn,
    });

  test("is measured for numbers by AUC, for a numeric label by correlation, worst first", () => {
    const byLabel = check("label");
    expect(byLabel.features[0]).toEqual({ name: "amount", measure: "auc", value: 1, rows: 90, suspicious: true });
    expect(byLabel.features.find(({ name }) => name === "noise")!.value).toBeLessThan(0.75);
    expect(byLabel.suspicions[0]).toBe('the feature "amount" alone puts the rows of a label in order (AUC 1.0000 on 90 training rows)');
    const byPrice = check("price").features;
    expect(byPrice[0]).toMatchObject({ name: "amount", measure: "correlation", suspicious: true });
    expect(byPrice[1]).toMatchObject({ name: "noise", suspicious: false });
  });

  test("and features that come later than their row, groups on both sides, and held-back rows of the past are said", () => {
    expect(check("price").suspicions.at(-1)).toBe('the feature "closed" is later than "at" in 120 of 120 rows (first: line 1)');
    expect(check("price", { kind: "time", group: "who" }).suspicions[0]).toBe(
      '30 held-back rows are of a "who" that training rows have too (first: line 91)',
    );
    expect(check("price", { kind: "group", seed: 0, group: "who" }).structural).toHaveLength(1);
    const mixed = checkLeakage({
      split: { train: rows.slice(30), holdout: rows.slice(0, 30) },
      splitRule: { kind: "random", seed: 0 },
      rule: { contract: wide, featureColumns: ["noise"], nearThreshold: 0.8 },
      timeColumn: "at",
    });
    expect(mixed.structural).toEqual([]);
    expect(mixed.suspicions).toEqual([expect.stringMatching(/^30 held-back rows are not later than the last training row/)]);
  });
});
