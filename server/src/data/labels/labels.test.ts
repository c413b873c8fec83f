import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createRandom } from "../../core/index.ts";
import { checkLabels } from "./check-labels.ts";
import { combineLabels } from "./combine-labels.ts";
import { findLabelErrors } from "./confident-learning.ts";
import { leaveOneOut } from "./naive-bayes.ts";
import { readVotes } from "./read-votes.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-labels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const goldenFile = new URL("../../../../../shared/golden/labels_golden.json", import.meta.url);
const request = { method: "noise-rate" as const, limit: 1000 };

interface Golden {
  labels: number[];
  pred_probs: number[][];
  thresholds: number[];
  self_confidence: number[];
  normalized_margin: number[];
  confident_joint_calibrated: number[][];
  issues_prune_by_noise_rate: number[];
  issues_confident_learning: number[];
}

describe("label errors", () => {
  test.skipIf(!existsSync(goldenFile))("are cleanlab's, by both methods (shared/golden)", () => {
    const golden = JSON.parse(readFileSync(goldenFile, "utf8")) as Golden;
    for (const [method, issues] of [
      ["noise-rate", golden.issues_prune_by_noise_rate],
      ["confident", golden.issues_confident_learning],
    ] as const) {
      const { thresholds, joint, errors } = findLabelErrors(golden.labels, golden.pred_probs, method);
      for (const [label, threshold] of thresholds.entries()) expect(threshold).toBeCloseTo(golden.thresholds[label]!, 9);
      expect(joint).toEqual(golden.confident_joint_calibrated);
      expect(errors.map(({ row }) => row).sort((a, b) => a - b)).toEqual(issues);
      for (const { row, selfConfidence, margin } of errors) {
        expect(selfConfidence).toBeCloseTo(golden.self_confidence[row]!, 9);
        expect(margin).toBeCloseTo(golden.normalized_margin[row]!, 9);
      }
      expect(errors.map(({ margin }) => margin)).toEqual(errors.map(({ margin }) => margin).toSorted((a, b) => a - b));
    }
  });

  test("a line of the joint sums to its label's rows, whatever the probabilities; what is likeliest is never accused", () => {
    const line = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 3, maxLength: 3 }).map((counts) => {
      const sum = counts.reduce((total, count) => total + count, 0);
      return sum === 0 ? [1 / 3, 1 / 3, 1 / 3] : counts.map((count) => count / sum);
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), line), { minLength: 1, maxLength: 40 }), (rows) => {
        const labels = rows.map(([label]) => label);
        const { joint, errors } = findLabelErrors(
          labels,
          rows.map(([, probabilities]) => probabilities),
        );
        for (const [label, counts] of joint.entries())
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(labels.filter((each) => each === label).length);
        for (const { given, likely, margin } of errors) {
          expect(given).not.toBe(likely);
          expect(margin).toBeLessThanOrEqual(0.5);
        }
      }),
      { numRuns: 60 },
    );
  });

  const words = { ham: ["meeting", "notes", "lunch", "report", "team"], spam: ["win", "prize", "claim", "free", "cash"] };
  const random = createRandom(5);
  const rows = Array.from({ length: 400 }, (_, row) => {
    const is = row % 3 === 0 ? ("spam" as const) : ("ham" as const);
    const text = Array.from({ length: 5 }, () => words[random.next() < 0.85 ? is : is === "ham" ? "spam" : "ham"][random.integer(5)]!).join(
      " ",
    );
    return { is, text, size: (is === "spam" ? 60 : 20) + random.integer(30), label: row % 20 === 7 ? (is === "ham" ? "spam" : "ham") : is };
  });
  const input = { reference: "mail@1", labelColumn: "label", featureColumns: ["text", "size"], rows };

  test("that were planted are found from text and numbers, without a model of one's own", () => {
    const answer = checkLabels(input, request);
    const planted = new Set(rows.flatMap(({ is, label }, row) => (is === label ? [] : [row])));
    expect(planted.size).toBe(20);
    const found = answer.items.filter(({ row }) => planted.has(row)).length;
    expect(found).toBeGreaterThanOrEqual(16);
    expect(answer.suspicious).toBeLessThan(32);
    expect(answer.items.slice(0, 12).every(({ row }) => planted.has(row))).toBe(true);
    expect(answer.agreement.value).toBeGreaterThan(0.9);
    expect(answer.items[0]!.values).toHaveProperty("text");
    expect(checkLabels(input, { ...request, limit: 3 }).items).toHaveLength(3);
  });

  test("are those of a better model where its probabilities are given, and rows without a label are left out", () => {
    const some = [{ label: "a" }, { label: null }, { label: "b" }, { label: "a" }, { label: "a" }];
    const predicted = {
      labels: ["a", "b"],
      probabilities: [
        [0.9, 0.1],
        [0.5, 0.5],
        [0.2, 0.8],
        [0.05, 0.95],
        [0.9, 0.1],
      ],
    };
    const answer = checkLabels({ ...input, rows: some }, { ...request, predicted });
    expect(answer).toMatchObject({ rows: 4, judge: "given", suspicious: 1 });
    expect(answer.items).toMatchObject([{ row: 3, given: "a", likely: "b" }]);
  });

  test("cannot be looked for in one label, in numbers, or with probabilities that do not fit: it says so", () => {
    const check = (given: readonly Record<string, unknown>[], more: object = {}) =>
      checkLabels({ ...input, rows: given }, { ...request, ...more });
    expect(() => check([{ label: "a" }])).toThrow(/label of mail@1 holds 1 labels/);
    expect(() => check(Array.from({ length: 300 }, (_, label) => ({ label })))).toThrow(/holds 300 labels/);
    const predicted = { labels: ["a", "b"], probabilities: [[0.9, 0.1]] };
    expect(() => check([{ label: "a" }, { label: "b" }], { predicted })).toThrow(/1 lines of probabilities for 2 rows/);
    expect(() => check([{ label: "c" }], { predicted })).toThrow(/label "c", which is not among/);
    expect(() => check([{ label: "a" }], { predicted: { ...predicted, probabilities: [[0.9, 0.3]] } })).toThrow(
      /Line 1 of the probabilities/,
    );
  });

  test("are not judged by the row's own label: without anything to learn from, none is sure", () => {
    const columns = [Array.from({ length: 60 }, (_, row) => `only here ${row}`)];
    const labels = columns[0]!.map((_, row) => row % 2);
    for (const [row, line] of leaveOneOut(columns, labels, 2).entries()) expect(line[labels[row]!]!).toBeLessThan(0.5);
  });
});

function read(votes: readonly unknown[]) {
  const path = join(folder, "votes.jsonl");
  writeFileSync(path, votes.map((vote) => JSON.stringify(vote)).join("\n"));
  return readVotes(path);
}

async function combine(votes: readonly unknown[], method: Parameters<typeof combineLabels>[1]) {
  return combineLabels(await read(votes), method);
}

describe("votes", () => {
  /** Three who are right, and five who call everything "no". */
  const random = createRandom(8);
  const truth = Array.from({ length: 200 }, (_, item) => (item % 2 === 0 ? "yes" : "no"));
  const other = { yes: "no", no: "yes" } as Record<string, string>;
  const votes = truth.flatMap((is, item) => [
    ...["ada", "bea", "cem"].map((source) => ({ item, source, label: random.next() < 0.9 ? is : other[is] })),
    ...["d1", "d2", "d3", "d4", "d5"].map((source) => ({ item, source, label: random.next() < 0.92 ? "no" : "yes" })),
  ]);
  const share = (answer: Awaited<ReturnType<typeof combine>>) =>
    answer.items.filter(({ item, label }) => truth[Number(item)] === label).length / truth.length;

  test("of a crowd that mostly says no to everything: Dawid and Skene hear the few who look", async () => {
    const majority = await combine(votes, "majority");
    const model = await combine(votes, "dawid-skene");
    expect(share(majority)).toBeLessThan(0.75);
    expect(share(model)).toBeGreaterThan(0.93);
    const accuracy = new Map(model.sources.map(({ source, accuracy: right }) => [source, right]));
    expect(accuracy.get("ada")).toBeGreaterThan(0.8);
    expect(accuracy.get("d1")).toBeLessThan(0.6);
    expect(model.items[0]!.confidence).toBeLessThanOrEqual(model.items.at(-1)!.confidence);
    expect(model.agreement.krippendorff).toBeLessThan(0.3);
    expect(model.agreement.krippendorffInterval).toBeNull();
  });

  test("are combined the same in any order, by every method; a tie goes to the first of the alphabet", async () => {
    for (const method of ["majority", "dawid-skene", "label-model"] as const) {
      const one = new Map((await combine(votes, method)).items.map((each) => [each.item, each]));
      for (const each of (await combine(votes.toReversed(), method)).items) {
        expect(each.label).toBe(one.get(each.item)!.label);
        expect(each.confidence).toBeCloseTo(one.get(each.item)!.confidence, 6);
      }
    }
    const tie = await combine(
      [
        { item: 1, source: "a", label: 2 },
        { item: 1, source: "b", label: 1 },
      ],
      "majority",
    );
    expect(tie.items).toEqual([{ item: "1", label: "1", confidence: 0.5, votes: 2 }]);
    expect(tie.agreement).toMatchObject({ items: 1, cohen: null });
  });

  test("that are all numbers have their agreement by distance too", async () => {
    const rated = [1, 2, 3, 4, 5, 2].flatMap((value, item) => [
      { item, source: "a", label: value },
      { item, source: "b", label: item === 2 ? value + 1 : value },
    ]);
    const { agreement } = await combine(rated, "majority");
    expect(agreement.cohenQuadratic!).toBeGreaterThan(agreement.cohen!);
    expect(agreement.krippendorffInterval!).toBeGreaterThan(agreement.krippendorff!);
    expect(agreement.fleiss).not.toBeNull();
  });

  test.each([
    [[{ item: 1, source: "a" }], /Line 1 of the votes: label/],
    [
      [
        { item: 1, source: "a", label: "x" },
        { item: 1, source: "a", label: "x" },
      ],
      /Every vote says "x"/,
    ],
    [[], /no votes/],
    [["text"], /Line 1 of the votes: not an object/],
  ])("say what is wrong and where: %j", async (wrong, message) => {
    await expect(combine(wrong, "majority")).rejects.toMatchObject({ code: "invalid_request", message: expect.stringMatching(message) });
  });
});

const dataFolder = new URL("../../../../../shared/data/", import.meta.url);

describe.skipIf(!existsSync(dataFolder))("on real votes (shared/data)", () => {
  test("hitspam: both ways as many right of a hundred as the reference has", async () => {
    const votes = readTable("crowd_hitspam/labels.csv").map(([source, item, label]) => ({ source, item, label }));
    const named = await read(votes);
    const gold = new Map(readTable("crowd_hitspam/gold.csv").map(([item, label]) => [item!, label!]));
    for (const method of ["majority", "dawid-skene"] as const) {
      const { items } = combineLabels(named, method);
      expect(items.filter(({ item, label }) => gold.get(item) === label)).toHaveLength(66);
    }
  });

  test("comments under videos: the label model of eight small rules beats their majority", async () => {
    const comments = readTable("youtube_spam/data.csv").map((cells) => ({ text: cells[4]!, label: cells[5]! }));
    const rules: [label: string, applies: (text: string) => boolean][] = [
      ["spam", (text) => /\bmy\b/i.test(text)],
      ["spam", (text) => /subscribe/i.test(text)],
      ["spam", (text) => /http|www\./i.test(text)],
      ["spam", (text) => /\b(?:please|plz)\b/i.test(text)],
      ["spam", (text) => /check.*out/i.test(text)],
      ["ham", (text) => /\bsong\b/i.test(text)],
      ["ham", (text) => /\b(?:love|best|great)\b/i.test(text)],
      ["ham", (text) => text.split(/\s+/).length < 5],
    ];
    const votes = comments.flatMap(({ text }, item) =>
      rules.flatMap(([label, applies], source) => (applies(text) ? [{ item, source, label }] : [])),
    );
    const right: Record<string, number> = {};
    for (const method of ["majority", "label-model"] as const) {
      const { items } = await combine(votes, method);
      right[method] = items.filter(({ item, label }) => comments[Number(item)]!.label === label).length / items.length;
    }
    expect(right["majority"]).toBeCloseTo(0.87, 2);
    expect(right["label-model"]).toBeGreaterThan(0.93);
  });
});

function readTable(name: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of readFileSync(new URL(name, dataFolder), "utf8").matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g,
  )) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end !== ",") rows.push([]);
  }
  return rows.slice(1).filter((row) => row.length > 1);
}
