import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import type { Column } from "../../columns.ts";
import { runOnnx } from "../../preprocessing/test-onnx.ts";
import { readColumn } from "../../read-columns.ts";
import { classificationRows, regressionRows } from "../../test-rows.ts";
import { findTrainer } from "../index.ts";
import type { TrainedModel } from "../types.ts";

const context = { seed: 7, onProgress: () => {} };
const linear = findTrainer("linear");
const types = { value: "number", city: "category", paid: "boolean", at: "instant" } as const;

/** Rows whose target leans on every kind of input; a few values miss. */
function makeTable(count: number, seed: number) {
  const random = createRandom(seed);
  const pick = (row: number) => ({
    value: row % 13 === 0 ? null : random.next() * 10,
    city: row % 17 === 0 ? null : ["Graz", "Wien", "Linz"][random.integer(3)]!,
    paid: random.next() < 0.5,
    at: new Date(Date.UTC(2024, 0, 1) + row * 3_600_000).toISOString(),
  });
  const rows = Array.from({ length: count }, (_, row) => pick(row));
  const target = rows.map(({ value, city, paid }) => 3 * (value ?? 4) + (city === "Graz" ? 9 : 0) - (paid ? 5 : 0) + random.next());
  const columns = Object.fromEntries(Object.keys(types).map((name) => [name, rows.map((row) => row[name as keyof typeof row])]));
  return { columns, target };
}
const { columns, target } = makeTable(300, 1);
const bands = target.map((value) => (value < 12 ? "low" : value < 22 ? "middle" : "high"));

async function expectSame(trained: TrainedModel, asked: readonly Column[]): Promise<void> {
  const output = trained.signature.task === "regression" ? "value" : "probabilities";
  const flat = await runOnnx(trained.onnx, asked, output);
  for (const [row, mine] of trained.predict(asked).entries())
    for (const [index, value] of mine.entries())
      expect(Math.abs(flat[row * mine.length + index]! - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
}

const asked = fc
  .array(
    fc.record({
      value: fc.option(fc.double({ min: -100, max: 100, noNaN: true })),
      city: fc.option(fc.oneof(fc.constantFrom("Graz", "Wien"), fc.string({ unit: "binary", maxLength: 3 }))),
      paid: fc.option(fc.boolean()),
      at: fc.option(fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }).map((date) => date.toISOString())),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((rows) =>
    Object.entries(types).map(([name, type]) =>
      readColumn(
        { name, type },
        rows.map((row) => row[name as keyof typeof row]),
      ),
    ),
  );

describe("the linear trainer", () => {
  test("answers in its ONNX file as it does itself, and its parts add up to its score", async () => {
    const models = [
      await linear.train(regressionRows(columns, target, types), {}, context),
      await linear.train(classificationRows(columns, bands, types), { l1Ratio: 0.5 }, context),
      await linear.train(
        classificationRows(
          columns,
          bands.map((band) => (band === "low" ? "no" : "yes")),
          types,
        ),
        {},
        context,
      ),
    ];
    await fc.assert(
      fc.asyncProperty(asked, fc.nat(models.length - 1), async (rows, chosen) => {
        const trained = models[chosen]!;
        await expectSame(trained, rows);
        const [parts] = trained.explain!(rows);
        const scores = parts!.inputs.map((inputs, output) => inputs.reduce((sum, part) => sum + part, parts!.bias[output]!));
        const [answer] = trained.predict(rows);
        if (answer!.length === 1) expect(scores[0]).toBeCloseTo(answer![0]!, 6);
        else expect(scores[1]! - scores[0]!).toBeCloseTo(Math.log(answer![1]! / answer![0]!), 5);
      }),
      { numRuns: 40 },
    );
  });

  test("learns what its rows tell, and gives the same file again", async () => {
    const trained = await linear.train(regressionRows(columns, target, types), {}, context);
    const fresh = makeTable(100, 2);
    const errors = trained
      .predict(regressionRows(fresh.columns, fresh.target, types).columns)
      .map(([value], row) => Math.abs(value! - fresh.target[row]!));
    expect(errors.reduce((sum, error) => sum + error, 0) / 100).toBeLessThan(1.5);
    const again = await linear.train(regressionRows(columns, target, types), {}, context);
    expect(Buffer.compare(again.onnx, trained.onnx)).toBe(0);
    expect(trained.signature.inputs).toEqual(Object.entries(types).map(([name, type]) => ({ name, type })));
  });

  test("reads free texts by their words, and those that come again and again as categories", async () => {
    const random = createRandom(8);
    const rows = Array.from({ length: 200 }, (_, row) => ({
      note: `${row % 2 === 0 ? "urgent" : "calm"} case ${row}`,
      town: `Town ${random.integer(30)}`,
    }));
    const truth = rows.map(({ town }, row) => (row % 2 === 0 ? 5 : 0) + (town === "Town 7" ? 20 : 0));
    const texts = regressionRows({ note: rows.map(({ note }) => note), town: rows.map(({ town }) => town) }, truth, {
      note: "text",
      town: "text",
    });
    const trained = await linear.train(texts, { penalty: 0.1 }, context);
    await expectSame(trained, texts.columns);
    const asked = regressionRows({ note: ["urgent!", "calm", null], town: ["town 3", "TOWN 7", "elsewhere"] }, [0, 0, 0], {
      note: "text",
      town: "text",
    });
    const answers = trained.predict(asked.columns).map(([value]) => value!);
    expect(Math.abs(answers[0]! - 5)).toBeLessThan(2);
    expect(Math.abs(answers[1]! - 20)).toBeLessThan(4);
    expect(Number.isFinite(answers[2])).toBe(true);
  });

  test("keeps its answers within bounds, in memory and in the file", async () => {
    const rows = regressionRows({ x: [1, 2, 3, 4] }, [10, 20, 30, 40]);
    const trained = await linear.train(rows, { penalty: 0, minimum: 0, maximum: 35.5 }, context);
    const asked = regressionRows({ x: [-50, 2, 50] }, [0, 0, 0]).columns;
    expect(trained.predict(asked).map(([value]) => Math.round(value! * 10) / 10)).toEqual([0, 20, 35.5]);
    await expectSame(trained, asked);
    expect(() => linear.train(rows, { minimum: 2, maximum: 1 }, context)).toThrow(/minimum 2 is more than the maximum 1/);
  });

  test("takes inputs named as its outputs are", async () => {
    const rows = regressionRows({ value: [1, 2, 3, 4], label: [1, 0, 1, 0], "#1": [0, 0, 1, 1] }, [1, 2, 3, 5]);
    await expectSame(await linear.train(rows, {}, context), rows.columns);
    await expectSame(await findTrainer("baseline").train(rows, {}, context), rows.columns);
  });
});

describe("on ten rows it equals scikit-learn 1.9.1", () => {
  const inputs = { x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], z: [1, 0, 0, 1, 1, 0, 1, 0, 0, 1] };
  const y = [1.2, 2.9, 5.1, 7.4, 8.8, 11.3, 12.7, 15.2, 17.1, 18.8];
  const two = [0, 0, 1, 0, 0, 1, 1, 0, 1, 1].map(String);
  const three = [0, 0, 0, 1, 2, 1, 1, 2, 2, 2].map(String);
  const numbers = { x: "number", z: "number" } as const;
  const tight = { maximumIterations: 1000 };
  const firstOf = async (rows: Parameters<typeof linear.train>[0], parameters: object) =>
    (await linear.train(rows, { ...tight, ...parameters }, context)).predict(rows.columns).slice(0, 3);

  test.each([
    ["Ridge(alpha=1)", {}, [1.87216094, 3.83505891, 5.63415643]],
    ["ElasticNet(alpha=2/10, l1_ratio=0.5)", { penalty: 2, l1Ratio: 0.5 }, [2.76059082, 4.38045953, 6.00032823]],
  ])("%s", async (_name, parameters, expected) => {
    const values = (await firstOf(regressionRows(inputs, y), parameters)).map(([value]) => value!);
    for (const [row, value] of values.entries()) expect(value).toBeCloseTo(expected[row]!, 4);
  });

  test.each([
    ["LogisticRegression(C=1), two labels", two, {}, [0.8237927, 0.1762073]],
    ["LogisticRegression(C=1), three labels", three, {}, [0.65346617, 0.27950627, 0.06702756]],
    ["LogisticRegression(class_weight=balanced)", three, { classWeights: "balanced" }, [0.66943915, 0.27657583, 0.05398502]],
  ])("%s", async (_name, truth, parameters, expected) => {
    const [first] = await firstOf(classificationRows(inputs, truth, numbers), parameters);
    for (const [label, probability] of first!.entries()) expect(probability).toBeCloseTo(expected[label]!, 4);
  });
});

describe("the linear trainer refuses, naming the column,", () => {
  const rows = regressionRows({ age: [1, null, 3] }, [1, 2, 3]);
  test.each([
    ["steps of a column that is none", { steps: { size: ["impute"] } }, /"size", which is no feature. Features: age/],
    ["steps that leave values missing", { steps: { age: ["standard"] } }, /"age" leave values missing; add the step impute/],
    ["unknown parameters", { depth: 3 }, /depth/],
  ])("%s", (_name, parameters, message) => {
    expect(() => linear.train(rows, parameters, context)).toThrow(message);
  });
});

test("the baseline answers the mean or the latest value, and the shares of the labels", async () => {
  const rows = regressionRows({ x: [1, 2, 3] }, [1, 2, 6]);
  const of = async (value: string) => (await findTrainer("baseline").train(rows, { value }, context)).predict(rows.columns)[0]![0];
  expect(await of("mean")).toBe(3);
  expect(await of("last")).toBe(6);
  const labelled = classificationRows({ x: ["a", "b", "c", "d"] }, ["no", "no", "no", "yes"]);
  const trained = await findTrainer("baseline").train(labelled, {}, context);
  expect([...trained.predict(labelled.columns)[0]!]).toEqual([0.75, 0.25]);
});
