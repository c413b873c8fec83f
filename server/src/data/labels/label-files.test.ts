import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { applyFunctions } from "./apply-functions.ts";
import { type ChooseOptions, chooseRows } from "./choose-rows.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-label-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [rowsPath, functionsPath, outPath] = ["rows.jsonl", "rules.json", "votes.jsonl"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

function writeRows(rows: readonly unknown[]): string {
  writeFileSync(rowsPath, rows.map((row) => JSON.stringify(row)).join("\n"));
  return rowsPath;
}

const choose = (rows: readonly unknown[], options: ChooseOptions) => chooseRows(writeRows(rows), options);

describe("rows worth labelling", () => {
  test("are those between two labels, and never those that have one", async () => {
    const rows = [
      { item: "sure", probabilities: [0.98, 0.01, 0.01] },
      { item: "torn", probabilities: [0.45, 0.44, 0.11] },
      { item: "known", probabilities: [0.5, 0.5, 0], labelled: true },
      { item: "leaning", probabilities: [0.6, 0.3, 0.1] },
    ];
    const chosen = await choose(rows, { by: "uncertainty", count: 2 });
    expect(chosen.map(({ item }) => item)).toEqual(["torn", "leaning"]);
    expect(chosen[0]!.score).toBeCloseTo(0.99, 12);
  });

  test("are those a committee quarrels over, not those all its members are unsure of", async () => {
    const rows = [
      {
        item: "unsure",
        committee: [
          [0.5, 0.5],
          [0.5, 0.5],
        ],
      },
      {
        item: "quarrel",
        committee: [
          [1, 0],
          [0, 1],
        ],
      },
    ];
    const chosen = await choose(rows, { by: "disagreement", count: 5 });
    expect(chosen.map(({ item }) => item)).toEqual(["quarrel", "unsure"]);
    expect(chosen[0]!.score).toBeCloseTo(Math.LN2, 12);
    expect(chosen[1]!.score).toBeCloseTo(0, 12);
  });

  test("lie far from what is labelled, and no choice covers the rest twice as well", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 4, maxLength: 8 }), async (places) => {
        const rows = places.map((place, item) => ({ item, features: [place], labelled: item === 0 }));
        const chosen = (await choose(rows, { by: "diversity", count: 2 })).map(({ item }) => Number(item));
        const radius = (centres: readonly number[]) =>
          Math.max(...places.map((place) => Math.min(...[0, ...centres].map((centre) => Math.abs(place - places[centre]!)))));
        const all = places.flatMap((_, a) => places.map((__, b) => radius([a, b])));
        expect(chosen).not.toContain(0);
        expect(radius(chosen)).toBeLessThanOrEqual(2 * Math.min(...all));
      }),
      { numRuns: 25 },
    );
  });

  test.each([
    [[{ item: 1, features: [1] }, { item: 2 }], /Row 2 \(2\) has no `features`/],
    [
      [
        { item: 1, features: [1] },
        { item: 2, features: [1, 2] },
      ],
      /row 2 \(2\) are not as many/,
    ],
    [[{ features: [1] }], /line 1: item/],
    [[], /holds no rows/],
  ])("say which row is wrong: %j", async (rows, message) => {
    await expect(choose(rows, { by: "diversity", count: 1 })).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(message),
    });
  });
});

describe("labelling functions", () => {
  const apply = (rows: readonly unknown[], functions: unknown, more: object = {}) => {
    writeRows(rows);
    writeFileSync(functionsPath, typeof functions === "string" ? functions : JSON.stringify(functions));
    return applyFunctions({ rowsPath, functionsPath, outPath, ...more });
  };

  test("vote where all their conditions hold, and abstain elsewhere", async () => {
    const rows = [
      { key: "a", text: "Please SUBSCRIBE to my channel", likes: 0, label: "spam" },
      { key: "b", text: "great song", likes: 12, label: "ham" },
      { key: "c", text: "check this out, great", likes: 3, label: "spam" },
      { key: "d", text: null, likes: null },
    ];
    const report = await apply(
      rows,
      [
        { name: "subscribe", label: "spam", column: "text", contains: ["subscribe", "follow"] },
        { name: "check out", label: "spam", column: "text", matches: "check.*out" },
        { name: "praise", label: "ham", column: "text", contains: ["great"], wordsBelow: 6 },
        { name: "long", label: "spam", column: "text", wordsFrom: 5 },
        { name: "liked", label: "ham", column: "likes", from: 3, below: 100 },
      ],
      { itemColumn: "key", labelColumn: "label" },
    );
    const votes = readFileSync(outPath, "utf8").trim().split("\n");
    expect(votes.map((line) => Object.values(JSON.parse(line) as object).join(" "))).toEqual([
      "a subscribe spam",
      "a long spam",
      "b praise ham",
      "b liked ham",
      "c check out spam",
      "c praise ham",
      "c liked ham",
    ]);
    expect(report).toMatchObject({ rows: 4, silent: 1, votes: 7 });
    expect(report.functions[2]).toEqual({
      name: "praise",
      label: "ham",
      votes: 2,
      coverage: 0.5,
      overlaps: 0.5,
      conflicts: 0.25,
      accuracy: 0.5,
    });
  });

  test("name a row by its line where no column does", async () => {
    await apply([{ text: "x" }, { text: "y" }], [{ name: "y", label: "yes", column: "text", contains: ["Y"] }]);
    expect(JSON.parse(readFileSync(outPath, "utf8"))).toEqual({ item: 2, source: "y", label: "yes" });
  });

  test.each([
    [[{ name: "a", label: "x", column: "text" }], /no condition/],
    [[{ name: "a", label: "x", column: "text", matches: "(" }], /"a": \( is no regular expression/],
    [[1, 2].map(() => ({ name: "a", label: "x", column: "text", wordsFrom: 1 })), /two functions are called "a"/],
    ["{", /cannot be read as JSON/],
  ])("say what is wrong with them: %j", async (functions, message) => {
    await expect(apply([{ text: "x" }], functions)).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(message),
    });
  });

  test("say which line cannot be read, and where votes cannot be written", async () => {
    const rule = [{ name: "a", label: "x", column: "text", wordsFrom: 1 }];
    await expect(apply([{ text: "x" }, 7], rule)).rejects.toThrow(/line 2: not an object/);
    await expect(apply([{ text: "x" }], rule, { itemColumn: "key" })).rejects.toThrow(/line 1: key names no item/);
    await expect(apply([{ text: "x" }], rule, { outPath: join(folder, "none", "votes.jsonl") })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});
