import { describe, expect, test } from "vitest";
import { evaluateRows, indexOfLargest } from "./evaluate-rows.ts";

const rows = {
  labels: ["ham", "spam"],
  truth: ["ham", "ham", "spam", "spam"],
  probabilities: [
    [0.9, 0.1],
    [0.2, 0.8],
    [0.1, 0.9],
    [0.3, 0.7],
  ],
};

describe("the metrics of a run", () => {
  test("count what was right, by label and by slice, with intervals", () => {
    const metrics = evaluateRows({ ...rows, slices: { source: ["web", "web", "mail", "mail"] } });
    expect(metrics.accuracy).toMatchObject({ value: 0.75, n: 4 });
    expect(metrics.confusion).toEqual({
      labels: ["ham", "spam"],
      counts: [
        [1, 1],
        [0, 2],
      ],
    });
    const of = (slice: string, metric: string) => metrics.slices.find((each) => each.slice === slice && each.metric === metric)?.estimate;
    expect(of("label=spam", "recall")).toMatchObject({ value: 1, n: 2 });
    expect(of("label=spam", "precision")).toMatchObject({ value: 2 / 3, n: 3 });
    expect(of("source=web", "accuracy")).toMatchObject({ value: 0.5, n: 2 });
    expect(of("source=mail", "accuracy")!.low).toBeLessThan(1);
    expect(metrics.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.2) + Math.log(0.9) + Math.log(0.7)) / 4, 12);
    expect(metrics.ece).toBeGreaterThan(0);
  });

  test("count a label the model never learned as wrong, and stay finite", () => {
    const metrics = evaluateRows({ ...rows, truth: ["ham", "other", "spam", "spam"], slices: {} });
    expect(metrics.accuracy.value).toBe(0.75);
    expect(metrics.confusion.labels).toEqual(["ham", "other", "spam"]);
    expect(metrics.confusion.counts[1]).toEqual([0, 0, 1]);
    expect(Number.isFinite(metrics.logLoss)).toBe(true);
  });

  test("leave out columns that do not cut, or cut too fine", () => {
    const many = Array.from({ length: 42 }, (_, index) => index);
    const metrics = evaluateRows({
      labels: ["ham", "spam"],
      truth: many.map(() => "ham"),
      probabilities: many.map(() => [1, 0]),
      slices: { same: many.map(() => "x"), id: many, half: many.map((index) => index % 2 === 0) },
    });
    expect(metrics.slices.map(({ slice }) => slice)).toEqual([
      "label=ham",
      "label=ham",
      "label=spam",
      "label=spam",
      "half=false",
      "half=true",
    ]);
  });
});

test("a tie goes to the first, as in the ONNX file", () => {
  expect(indexOfLargest([0.2, 0.4, 0.4])).toBe(1);
  expect(indexOfLargest(new Float32Array([0.5, 0.5]))).toBe(0);
});
