import { describe, expect, test } from "vitest";
import { compareBaselines } from "./compare-baselines.ts";
import { evaluateValues } from "./evaluate-values.ts";
import { classificationRows, regressionRows } from "./test-rows.ts";

const truth = [1, 2, 3, 4, 5, 6];
const predicted = [1, 2, 4, 4, 5, 8];

describe("the metrics of a regression", () => {
  test("are errors in the label's unit, and the share explained, with intervals around them", () => {
    const { mae, rmse, r2 } = evaluateValues({ truth, predicted, slices: {} });
    expect(mae.value).toBeCloseTo(0.5, 12);
    expect(rmse.value).toBeCloseTo(Math.sqrt(5 / 6), 12);
    // scikit-learn's r2_score.
    expect(r2!.value).toBeCloseTo(0.7142857142857143, 12);
    for (const each of [mae, rmse, r2!]) {
      expect(each.n).toBe(6);
      expect(each.low).toBeLessThan(each.value);
      expect(each.high).toBeGreaterThan(each.value);
    }
  });

  test("leave the share open where the truth does not vary", () => {
    expect(evaluateValues({ truth: [3, 3, 3], predicted: [1, 2, 3], slices: {} }).r2).toBeNull();
  });

  test("are told by slice, but for a slice of one row", () => {
    const { slices } = evaluateValues({ truth, predicted, slices: { town: ["a", "a", "a", "b", "b", "c"] } });
    expect(slices.map(({ slice, metric, estimate }) => [slice, metric, estimate.value])).toEqual([
      ["town=a", "mae", 1 / 3],
      ["town=b", "mae", 0],
    ]);
  });
});

test("what is promised holds for nine of ten rows, and nothing is promised from few", () => {
  const many = Array.from({ length: 99 }, (_, row) => row);
  const off = many.map((row) => row + (row % 2 === 0 ? row : -row));
  // 99 errors of 0 to 98: the ninetieth smallest.
  expect(evaluateValues({ truth: many, predicted: off, slices: {} }).conformal).toEqual({ coverage: 0.9, bound: 89, rows: 99 });
  expect(evaluateValues({ truth, predicted, slices: {} }).conformal).toBeUndefined();
});

test("baselines say what the target says by itself, learned from the training rows", async () => {
  const values = regressionRows({ x: truth }, [2, 4, 9]);
  const held = { columns: values.columns, truth: truth.map(String) };
  const numbers = await compareBaselines(values, held, 1);
  expect(numbers.map(({ name, metric, estimate }) => [name, metric, Number(estimate.value.toFixed(4))])).toEqual([
    ["mean", "mae", 1.8333],
    ["mean", "rmse", Math.round(Math.sqrt((16 + 9 + 4 + 1 + 0 + 1) / 6) * 1e4) / 1e4],
    ["last", "mae", 5.5],
    ["last", "rmse", Math.round(Math.sqrt((64 + 49 + 36 + 25 + 16 + 9) / 6) * 1e4) / 1e4],
  ]);
  const classes = classificationRows({ x: ["a", "b", "c"] }, ["no", "no", "yes"]);
  const [majority] = await compareBaselines(classes, { columns: classes.columns, truth: ["no", "yes", "yes"] }, 1);
  expect(majority).toMatchObject({ name: "majority", metric: "accuracy", estimate: { value: 1 / 3, n: 3 } });
});
