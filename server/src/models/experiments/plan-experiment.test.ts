import { createExperimentSchema } from "@millrace/contract";
import { describe, expect, test } from "vitest";
import type { DatasetDetail } from "../../data/index.ts";
import { planExperiment } from "./plan-experiment.ts";

const columnTypes = { age: "number", visits: "integer", plan: "text", note: "text", churned: "boolean", spent: "number" } as const;

/** As much of a dataset as a plan looks at. */
function makeDataset(more: Partial<DatasetDetail>): DatasetDetail {
  const columns = Object.entries(columnTypes).map(([name, type]) => ({
    name,
    type,
    nullable: false,
    unique: false,
    minimum: null,
    maximum: null,
    maxLength: null,
    values: name === "plan" ? ["free", "paid"] : null,
  }));
  return {
    reference: "people@1",
    labelColumn: "churned",
    timeColumn: null,
    featureColumns: ["age", "visits", "plan"],
    contract: { columns },
    split: { kind: "random" },
    ...more,
  } as DatasetDetail;
}

function plan(request: object, more: Partial<DatasetDetail> = {}) {
  return planExperiment(createExperimentSchema.parse({ model: "people", dataset: "people@1", ...request }), makeDataset(more));
}

describe("without candidates", () => {
  test("a table gets the trainers that can do it, the simplest first, each as it is and then with a space that it takes", () => {
    const planned = plan({});
    expect(planned.candidates.map(({ trainer }) => trainer).slice(0, 3)).toEqual(["baseline", "linear", "boosted-trees"]);
    expect(planned).toMatchObject({ task: "classification", metric: "accuracy", defaultsFirst: true, labelColumn: "churned" });
    expect(() => plan({ candidates: planned.candidates })).not.toThrow();
    expect(planned.inputs[1]!.map(({ type }) => type)).toEqual(["number", "number", "category"]);
  });

  test("a text gets those that read, a number those that answer with one", () => {
    expect(plan({}, { featureColumns: ["note"] }).candidates.map(({ trainer }) => trainer)).toContain("text-classifier");
    expect(plan({}).candidates.map(({ trainer }) => trainer)).not.toContain("text-classifier");
    const numbers = plan({}, { labelColumn: "spent" });
    expect(numbers).toMatchObject({ task: "regression", metric: "rmse" });
    expect(numbers.candidates.map(({ trainer }) => trainer)).toContain("linear");
    const texts = plan({}, { labelColumn: "spent", featureColumns: ["note"] });
    expect(texts.candidates.map(({ trainer }) => trainer)).not.toContain("text-classifier");
  });

  test("none is tried that a person could not follow, when that is the limit", () => {
    expect(plan({ limits: { interpretable: true } }).candidates.map(({ trainer }) => trainer)).toEqual(["baseline", "linear"]);
  });
});

describe("folds", () => {
  test("are cut as the dataset held rows back, unless asked for otherwise", () => {
    expect(plan({}).folds).toEqual({ kind: "stratified", count: 5, group: null });
    expect(plan({}, { split: { kind: "time" }, timeColumn: "at" }).folds.kind).toBe("time");
    const byGroup: Partial<DatasetDetail> = { split: { kind: "group", seed: 1, group: "plan" } };
    expect(plan({}, byGroup).folds).toEqual({ kind: "group", count: 5, group: "plan" });
    expect(plan({ folds: { kind: "stratified", count: 3 } }, byGroup).folds).toEqual({ kind: "stratified", count: 3, group: null });
  });

  test.each([
    [{ folds: { kind: "time" } }, {}, /has no time/],
    [{ folds: { kind: "group" } }, {}, /names no group/],
    [{ metric: "mae" }, {}, /The metric mae is not of classification/],
    [
      { candidates: [{ trainer: "linear" }, { trainer: "text-classifier" }] },
      { labelColumn: "spent" },
      /text-classifier cannot do regression/,
    ],
    [{}, { labelColumn: null }, /names no label column/],
  ])("and what the dataset cannot give is refused: %j", (request, more, said) => {
    expect(() => plan(request, more)).toThrow(said);
  });
});
