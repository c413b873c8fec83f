import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import type { Column } from "../../columns.ts";
import { runOnnx } from "../../preprocessing/test-onnx.ts";
import type { TrainingRows } from "../types.ts";
import { boostedTrees } from "./train.ts";

const context = { seed: 7, onProgress: () => {} };
const cities = ["Graz", "Wien", "Linz", "", "Zürich", "Basel", "Bern"];

/** Numbers, categories and instants with holes. `more` are categories that no training row has. */
function makeColumns(seed: number, count: number, more: readonly string[] = []): Column[] {
  const random = createRandom(seed);
  const hole = (value: number) => (random.next() < 0.15 ? Number.NaN : value);
  const known = [...cities, ...more];
  return [
    {
      name: "age",
      type: "number",
      kind: "number",
      values: Float64Array.from({ length: count }, () => hole(Math.fround(random.next() * 90))),
    },
    { name: "city", type: "category", kind: "category", values: Array.from({ length: count }, () => known[random.integer(known.length)]!) },
    {
      name: "paid",
      type: "boolean",
      kind: "category",
      values: Array.from({ length: count }, () => ["true", "false", ""][random.integer(3)]!),
    },
    {
      name: "at",
      type: "instant",
      kind: "instant",
      values: Float64Array.from({ length: count }, () => hole(1.6e12 + random.integer(1e6) * 1e5)),
    },
  ];
}

function scoreOf(columns: readonly Column[], row: number): number {
  const [age, city, paid, at] = columns.map(({ values }) => values[row]!);
  const hour = Number.isNaN(at) ? 12 : new Date(at as number).getUTCHours();
  return (Number.isNaN(age) ? 2 : (age as number) / 45) + cities.indexOf(city as string) * 0.3 + (paid === "true" ? 1 : 0) + hour / 12;
}

function makeRows(seed: number, task: TrainingRows["task"], labels: number): TrainingRows {
  const count = 300;
  const columns = makeColumns(seed, count);
  const scores = Float64Array.from({ length: count }, (_, row) => scoreOf(columns, row));
  const order = scores.toSorted();
  const target = labels === 0 ? scores : scores.map((score) => Math.floor((order.indexOf(score) * labels) / count));
  return {
    task,
    count,
    columns,
    target: task === "regression" ? scores : target,
    labels: task === "classification" ? ["first", "second", "third"].slice(0, labels) : [],
    ...(task === "ranking" ? { groups: Int32Array.from({ length: count }, (_, row) => Math.floor(row / 25)) } : {}),
  };
}

describe("the ONNX file answers as the trees do", () => {
  test.each<[string, TrainingRows["task"], number, object]>([
    ["two labels", "classification", 2, {}],
    ["three labels", "classification", 3, {}],
    ["a number", "regression", 0, {}],
    ["a quantile", "regression", 0, { objective: "quantile", quantile: 0.8 }],
    ["counts", "regression", 0, { objective: "poisson" }],
    ["a ranking", "ranking", 4, {}],
  ])("%s, on rows with missing and unseen values", async (_, task, labels, parameters) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
        const model = await boostedTrees.train(makeRows(seed, task, labels), { trees: 8, minimumRows: 5, ...parameters }, context);
        const asked = makeColumns(seed + 1, 100, ["Paris", "paris"]);
        const own = model.predict(asked).flatMap((row) => [...row]);
        const theirs = await runOnnx(model.onnx, asked, task === "classification" ? "probabilities" : "value");
        expect(theirs).toHaveLength(own.length);
        for (const [index, value] of own.entries())
          expect(Math.abs(theirs[index]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
      }),
      { numRuns: 3 },
    );
  });
});

describe("boosted trees of columns", () => {
  test("the same rows and seed give the same file", async () => {
    const rows = makeRows(3, "regression", 0);
    const [one, other] = [await boostedTrees.train(rows, { trees: 5 }, context), await boostedTrees.train(rows, { trees: 5 }, context)];
    expect(Buffer.compare(one.onnx, other.onnx)).toBe(0);
  });

  test("explain themselves by input column: a column for each input, however many features it became", async () => {
    for (const [task, labels] of [
      ["classification", 2],
      ["regression", 0],
    ] as const) {
      const rows = makeRows(5, task, labels);
      const model = await boostedTrees.train(rows, { trees: 10 }, context);
      const asked = makeColumns(6, 20, ["Paris"]);
      const answers = model.predict(asked);
      for (const [row, { bias, inputs }] of model.explain!(asked).entries()) {
        expect(inputs.map((values) => values.length)).toEqual(inputs.map(() => rows.columns.length));
        const scores = inputs.map((values, output) => values.reduce((sum, value) => sum + value, bias[output]!));
        const expected = task === "regression" ? answers[row]![0]! : Math.log(answers[row]![1]! / answers[row]![0]!);
        expect(task === "regression" ? scores[0] : scores[1]! - scores[0]!).toBeCloseTo(expected, 6);
      }
    }
  });

  test("a monotone column holds", async () => {
    const model = await boostedTrees.train(makeRows(8, "classification", 2), { trees: 20, monotone: { age: "falling" } }, context);
    const grid = Float64Array.from({ length: 91 }, (_, age) => age);
    const [, ...rest] = makeColumns(9, 91);
    const still = rest.map(({ values, ...column }) => ({ ...column, values: values.slice(0, 1) }) as Column);
    const line: number[] = [];
    for (const age of grid) {
      const row: Column[] = [{ name: "age", type: "number", kind: "number", values: Float64Array.of(age) }, ...still];
      line.push(model.predict(row)[0]![1]!);
    }
    for (const [age, probability] of line.slice(1).entries()) expect(probability).toBeLessThanOrEqual(line[age]!);
  });

  test("keep a number within its bounds, in memory and in the file", async () => {
    const rows = makeRows(4, "regression", 0);
    const model = await boostedTrees.train(rows, { trees: 20, minimum: 2, maximum: 3.5 }, context);
    const own = model.predict(rows.columns).map(([value]) => value!);
    expect([Math.min(...own), Math.max(...own)]).toEqual([2, 3.5]);
    const theirs = await runOnnx(model.onnx, rows.columns, "value");
    for (const [row, value] of own.entries()) expect(theirs[row]!).toBeCloseTo(value, 5);
  });

  test.each([
    ["one label only", { ...makeRows(1, "classification", 2), labels: ["first"], target: new Float64Array(300) }, {}, /"first"/],
    ["bounds that leave nothing", makeRows(1, "regression", 0), { minimum: 2, maximum: 1 }, /minimum 2 is more than the maximum 1/],
    ["a constraint on no column", makeRows(1, "regression", 0), { monotone: { height: "rising" } }, /"height"/],
    ["a constraint on categories", makeRows(1, "regression", 0), { monotone: { city: "rising" } }, /"city" holds categories/],
  ])("%s is refused", (_, rows, parameters, message) => {
    expect(() => boostedTrees.train(rows, parameters, context)).toThrow(message);
  });
});
