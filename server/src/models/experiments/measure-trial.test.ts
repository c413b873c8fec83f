import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/index.ts";
import { classificationRows, regressionRows } from "../test-rows.ts";
import { type RowLosses, compareLosses, decodeLosses, encodeLosses, estimateMetric, metricNames } from "../row-losses.ts";
import { chooseTrial } from "./choose-trial.ts";
import { cutFolds } from "./cut-folds.ts";
import { measureCurve, measureTrial } from "./measure-trial.ts";
import { selectRows } from "./select-rows.ts";

const random = createRandom(9);
const first = Array.from({ length: 80 }, () => random.next());
const numbers = {
  ...regressionRows(
    { first },
    first.map((value) => 3 * value + 0.1 * random.next()),
  ),
  task: "regression" as const,
};
const classes = {
  ...classificationRows(
    { first },
    first.map((value) => (value > 0.4 ? "high" : "low")),
    { first: "number" },
  ),
  task: "classification" as const,
};
const folds = { kind: "stratified", count: 4, group: null } as const;
const trying = { trainer: "linear", parameters: {}, seed: 1, share: 1, limits: {}, folds };

describe("a trial", () => {
  test("measures every row of the folds once, by models that did not see it", async () => {
    const cut = cutFolds(numbers, { ...folds, seed: 1, groups: null });
    const measured = await measureTrial(numbers, cut, { ...trying, metric: "rmse" });
    expect(measured.losses!.map(({ length }) => length)).toEqual([80, 80]);
    expect(measured.scores.map(({ metric }) => metric)).toEqual(["rmse", "mae"]);
    expect(measured.scores[0]!.estimate).toMatchObject({ value: Math.sqrt(measured.loss), n: 80 });
    expect(measured.folds).toHaveLength(4);
    const baseline = await measureTrial(numbers, cut, { ...trying, trainer: "baseline", metric: "rmse" });
    const difference = compareLosses("rmse", measured.losses!, baseline.losses!);
    expect(difference.value).toBeCloseTo(measured.scores[0]!.estimate.value - baseline.scores[0]!.estimate.value, 9);
    expect(difference.high).toBeLessThan(0);
  });

  test.each([
    [{ bytes: 100 }, /^the model has \d+ bytes, more than the limit of 100$/],
    [{ milliseconds: 1e-6 }, /^one row takes 0\.\d+ ms, more than/],
  ])("over a limit (%j) ends with its first fold", async (limits, said) => {
    const measured = await measureTrial(classes, cutFolds(classes, { ...folds, seed: 1, groups: null }), {
      ...trying,
      limits,
      metric: "accuracy",
    });
    expect(measured).toMatchObject({ over: expect.stringMatching(said) as string, scores: [], folds: [], losses: null });
  });

  test("is measured at growing shares of the rows: what it gets wrong of those it saw and of those it did not", async () => {
    const cut = cutFolds(classes, { ...folds, seed: 1, groups: null });
    const points = await measureCurve(classes, cut, { ...trying, metric: "logLoss", curve: [0.2, 1] });
    expect(points.map(({ rows }) => rows)).toEqual([12, 60]);
    expect(points[1]!.validation.value).toBeLessThan(points[0]!.validation.value);
    expect(points[1]!.training.n).toBe(240);
  });
});

describe("folds", () => {
  test("that could not be trained on or measured are refused with what to do", () => {
    const cut = (kind: "stratified" | "group" | "time", groups: unknown[] | null = null, count = 4) =>
      cutFolds(classes, { kind, count, seed: 1, groups });
    expect(() => cut("time", null, 30)).toThrow(/80 training rows are too few for 30 folds/);
    expect(() =>
      cut(
        "group",
        Array.from({ length: 80 }, () => "all"),
      ),
    ).toThrow(/1 groups, too few/);
    // Rows without a group are groups of their own.
    expect(
      cut(
        "group",
        Array.from({ length: 80 }, () => null),
      ).map(({ validation }) => validation.length),
    ).toEqual([20, 20, 20, 20]);
    const rare = selectRows(classes, Int32Array.from([...first.keys()].filter((row) => first[row]! > 0.4)));
    expect(rare.labels).toEqual(["high"]);
    const odd = { ...classes, labels: ["high", "low", "odd"], target: classes.target.with(0, 2) };
    expect(() => cutFolds(odd, { kind: "stratified", count: 4, seed: 1, groups: null })).toThrow(/"odd" stands in one training row/);
  });
});

describe("losses of single rows", () => {
  const losses: RowLosses = [Float64Array.of(0, 1, 0, 1), Float64Array.of(0.25, 2, 0.5, 4)];

  test("come back from a blob as they went in", () => {
    expect(decodeLosses(encodeLosses(losses))).toEqual(losses);
  });

  test("are what the metrics are made of", () => {
    expect(estimateMetric("accuracy", losses)).toMatchObject({ value: 0.5, n: 4 });
    expect(estimateMetric("logLoss", losses)).toMatchObject({ value: 1.6875, n: 4 });
    expect(estimateMetric("rmse", losses).value).toBe(Math.SQRT1_2);
    expect(metricNames("regression")).toEqual(["rmse", "mae"]);
  });
});

describe("the choice", () => {
  const wrongs = (count: number): RowLosses => [
    Float64Array.from({ length: 200 }, (_, row) => (row < count ? 1 : 0)),
    new Float64Array(200),
  ];
  const finalist = (number: number, trainer: string, wrong: number) => ({
    trial: { number, trainer, bytes: 1000 },
    losses: wrongs(wrong),
    loss: wrong / 200,
  });

  test("is the best when the simpler are worse beyond chance", () => {
    const choice = chooseTrial("accuracy", [
      finalist(1, "baseline", 90),
      finalist(2, "boosted-trees", 10),
      finalist(3, "boosted-trees", 20),
    ])!;
    expect(choice.trial).toBe(2);
    expect(choice.why).toMatch(
      /^trial 2 \(boosted-trees\) has the best accuracy of 3; baseline \(trial 1\) is simpler but not as good: .* 0\.4 \[0\.3/,
    );
  });

  test("is the simplest one whose difference from the best may be chance", () => {
    const choice = chooseTrial("accuracy", [
      finalist(1, "baseline", 90),
      finalist(2, "linear", 40),
      finalist(3, "linear", 12),
      finalist(4, "boosted-trees", 10),
    ])!;
    expect(choice.trial).toBe(3);
    expect(choice.why).toContain("but linear is simpler, and the difference from its best, trial 3, may be chance");
  });

  test("is none when nothing succeeded", () => {
    expect(chooseTrial("rmse", [])).toBeNull();
  });
});
