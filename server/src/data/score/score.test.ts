import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createRandom } from "../../core/index.ts";
import { type ScoreOptions, type ScoreReport, scorePredictions } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-score-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function score(rows: readonly unknown[], options: Partial<ScoreOptions> & Pick<ScoreOptions, "task">): Promise<ScoreReport> {
  const path = join(folder, `predictions-${(files += 1)}.jsonl`);
  writeFileSync(path, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return scorePredictions(path, { at: 10, quantile: 0.5, coverage: 0.9, ...options });
}

function metric(report: ScoreReport, name: string) {
  const found = report.metrics.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${name} is not among ${report.metrics.map((each) => each.name).join(", ")}`);
  return found;
}

/** A classifier twice as sure as it may be, worse for one group and one kind of row. */
function overconfident(size: number) {
  const random = createRandom(3);
  return Array.from({ length: size }, () => {
    const group = random.next() < 0.5 ? "a" : "b";
    const place = random.next() < 0.2 ? "attic" : "hall";
    const logit = 4 * (random.next() - 0.5);
    const told = 1 / (1 + Math.exp(-2.5 * logit));
    const isSpam = place === "attic" ? random.next() < 0.5 : random.next() < 1 / (1 + Math.exp(-logit));
    return { truth: isSpam ? "spam" : "ham", score: told, group, columns: { place } };
  });
}

describe("a classifier's answers", () => {
  test("show what they promised too much, and what would mend it", async () => {
    const report = await score(overconfident(1200), { task: "classification" });
    expect(report.rows).toBe(1200);
    const [given, temperature, isotonic] = report.calibration;
    expect(given!.ece).toBeGreaterThan(0.12);
    expect(temperature!.ece).toBeLessThan(0.06);
    expect(isotonic!.ece).toBeLessThan(0.06);
    expect(temperature!.logLoss).toBeLessThan(given!.logLoss - 0.1);
    expect(report.conformal!.covered.low).toBeLessThan(0.9);
    expect(report.conformal!.covered.high).toBeGreaterThan(0.9);
    expect(report.fairness!.groups.map(({ group }) => group)).toEqual(["a", "b"]);
    expect(report.slices.found[0]!.conditions).toEqual(["place = attic"]);
    for (const { name, value, low, high } of report.metrics) {
      expect(value, name).not.toBeNull();
      if (low !== null) expect(low <= value! && value! <= high!, name).toBe(true);
    }
  });

  test("mean the same as a score, and as probabilities by label", async () => {
    const rows = overconfident(200);
    const byScore = await score(rows, { task: "classification", positive: "spam" });
    const byLabel = await score(
      rows.map(({ score: p, ...row }) => ({ ...row, probabilities: { spam: p, ham: 1 - p } })),
      { task: "classification" },
    );
    for (const { name, value } of byScore.metrics) expect(metric(byLabel, name).value, name).toBeCloseTo(value!, 9);
  });

  test("have the threshold that costs least, where each error has its price", async () => {
    const rows = overconfident(1200);
    const costs = { falsePositive: 1, falseNegative: 8 };
    const { thresholds } = await score(rows, { task: "classification", costs });
    expect(thresholds!.byCosts.threshold).toBeCloseTo(1 / 9, 12);
    expect(thresholds!.chosen!.threshold).toBeLessThan(0.2);
    expect(thresholds!.chosen!.cost.high).toBeLessThan(thresholds!.half.cost.low);
    const turned = await score(rows, { task: "classification", costs: { falsePositive: 1000, falseNegative: 0.001 } });
    expect(turned.thresholds!.chosen!.threshold).toBeGreaterThan(0.95);
    expect((await score(rows, { task: "classification" })).thresholds).toBeNull();
  });

  test("of many labels are measured one against the rest, and a label that never comes has no area", async () => {
    const rows = ["a", "b", "c", "a", "b", "a"].map((truth, index) => ({
      truth,
      probabilities: { a: index % 2 === 0 ? 0.7 : 0.2, b: 0.2, c: index % 2 === 0 ? 0.1 : 0.6, d: 0 },
    }));
    const report = await score(rows, { task: "classification" });
    expect(metric(report, "ROC AUC of d").value).toBeNull();
    expect(metric(report, "ROC AUC, mean of one against the rest").value).toBeGreaterThan(0);
    expect(report.fairness).toBeNull();
    expect(report.calibration).toEqual([]);
    expect(report.confusion!.labels).toEqual(["a", "b", "c", "d"]);
  });

  test("may be bare labels", async () => {
    const report = await score(
      [
        { truth: true, label: true },
        { truth: false, label: true },
        { truth: false, label: false },
      ],
      { task: "classification" },
    );
    expect(metric(report, "accuracy")).toMatchObject({ value: 2 / 3, n: 3 });
    expect(metric(report, "recall of true").value).toBe(1);
    expect(report.conformal).toBeNull();
  });
});

test("numbers come with spans that hold what they promise, and the slice that is off", async () => {
  const random = createRandom(9);
  const rows = Array.from({ length: 600 }, (_, row) => {
    const region = row % 5 === 0 ? "north" : "south";
    const error = (random.next() - 0.5) * (region === "north" ? 8 : 2);
    return { truth: row / 10, score: row / 10 + error, columns: { region } };
  });
  const report = await score(rows, { task: "regression" });
  expect(metric(report, "mean absolute error").value).toBeLessThan(1.2);
  expect(metric(report, "R squared").low).toBeGreaterThan(0.98);
  expect(report.conformal!.covered.high).toBeGreaterThan(0.9);
  expect(report.conformal!.covered.low).toBeLessThan(0.9);
  expect(report.slices.found[0]!.conditions).toEqual(["region = north"]);
});

test("rankings are means over queries that have something to find", async () => {
  const rows = [
    ...[3, 2, 3, 0, 1, 2].map((truth, place) => ({ truth, score: -place, query: "one" })),
    ...[0, 0].map((truth, place) => ({ truth, score: place, query: "empty" })),
    ...[0, 1].map((truth, place) => ({ truth, score: place, query: 2 })),
  ];
  const report = await score(rows, { task: "ranking" });
  expect(metric(report, "NDCG@10 (gain truth)").value).toBeCloseTo((0.9608081943360617 + 1) / 2, 9);
  expect(metric(report, "NDCG@10 (gain 2^truth - 1)").n).toBe(2);
  await expect(score(rows.slice(6, 8), { task: "ranking" })).rejects.toMatchObject({ code: "invalid_request" });
});

test.each([
  [[{ truth: "a", label: "a" }, { truth: "b" }], /gives `probabilities`/],
  [
    [
      { truth: "a", label: "a" },
      { truth: "b", score: 0.5 },
    ],
    /Row 2 gives score where the first row gives label/,
  ],
  [
    [
      { truth: "a", score: 0.5 },
      { truth: "b", score: 1.5 },
    ],
    /line 2: score/,
  ],
  [[{ truth: "a", probabilities: { a: 0.5, b: 0.2 } }], /row 1 sum to 0.7/],
  [
    [
      { truth: "a", score: 0.1 },
      { truth: "b", score: 0.1 },
      { truth: "c", score: 0.1 },
    ],
    /one of two labels; the truth has 3/,
  ],
  [[{ truth: "a", score: 0.1, note: "x" }], /note/],
  [["{ not json"], /line 1: not JSON/],
  [[], /holds no predictions/],
])("says what is wrong and where: %j", async (rows, message) => {
  await expect(score(rows, { task: "classification" })).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringMatching(message),
  });
});
