import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Column } from "../columns.ts";
import { GraphBuilder } from "../onnx/graph-builder.ts";
import { elementType } from "../onnx/model.ts";
import { readColumn } from "../read-columns.ts";
import { type StepChoice, fitColumns } from "./fit-columns.ts";
import { steps } from "./index.ts";
import { runOnnx } from "./test-onnx.ts";

/** A column of numbers as no edge lets it in: with infinities. */
function numbers(values: readonly number[], name = "x"): Column {
  return { name, type: "number", kind: "number", values: Float64Array.from(values, Math.fround) };
}
function categories(values: readonly (string | null)[], name = "x"): Column {
  return readColumn({ name, type: "category" }, values);
}
function instants(values: readonly (number | null)[], name = "x"): Column {
  return { name, type: "instant", kind: "instant", values: Float64Array.from(values, (each) => each ?? Number.NaN) };
}

function fit(columns: readonly Column[], chain: readonly StepChoice[], target?: Float64Array, labels = 0) {
  return fitColumns(columns, () => chain, {
    task: labels === 0 ? "regression" : "classification",
    target: target ?? new Float64Array(columns[0]!.values.length),
    labels,
    seed: 3,
  });
}

/** What the graph says of rows, against what memory says: equal, or within 1e-5 of the value's size. */
async function expectSame(fitted: ReturnType<typeof fit>, asked: readonly Column[]): Promise<void> {
  const graph = new GraphBuilder();
  graph.add("Identity", [fitted.write(graph)], { output: "probabilities" });
  const width = fitted.training.columns.length;
  graph.output("probabilities", elementType.float, ["N", width]);
  const flat = await runOnnx(graph.finish(), asked, "probabilities");
  const ours = fitted.transform(asked);
  expect(ours.columns.length).toBe(width);
  for (const [column, values] of ours.columns.entries())
    for (const [row, mine] of values.entries()) {
      const theirs = flat[row * width + column]!;
      const same = Object.is(mine, theirs) || mine === theirs || Math.abs(mine - theirs) <= 1e-5 * Math.max(1, Math.abs(mine));
      if (!same) expect.fail(`${ours.names[column]!} of row ${row}: ${mine} here, ${theirs} in the graph`);
    }
}

const number = fc.oneof(
  fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
  fc.float(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-30, 3e38),
);
/** Values to learn from: some are there, and finite. */
const learned = fc
  .array(fc.oneof(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(Number.NaN)), { minLength: 1, maxLength: 12 })
  .map((values) => [1, ...values]);
const word = fc.oneof(fc.constantFrom("a", "b", "Graz", "", "\u0000", "a\u0000b", null), fc.string({ unit: "binary", maxLength: 4 }));

const numberChains: StepChoice[][] = [
  ...(["mean", "median", "mode", "constant"] as const).map((fill) => [{ step: "impute", with: fill, value: -7.3 }]),
  ["missing-flag"],
  ["min-max"],
  ["standard"],
  ["log"],
  [{ step: "clip", low: 0.1, high: 0.8 }],
  ["missing-flag", "impute", "clip", "log", "standard"],
];
const categoryChains: StepChoice[][] = [
  ["one-hot"],
  [{ step: "one-hot", maximumCategories: 2 }],
  ["ordinal"],
  [{ step: "ordinal", unseen: "missing" }],
  ["target"],
  ["ordinal", "missing-flag", "impute", "standard"],
];
const textChains: StepChoice[][] = [["tf-idf"], [{ step: "tf-idf", maximumFeatures: 2, minimumTexts: 1 }], ["one-hot"], ["target"]];
const dateChains: StepChoice[][] = [
  [{ step: "date-parts", parts: ["year", "month", "day", "weekday", "hour", "minute"] }],
  [{ step: "date-parts", cyclic: true }],
];

describe("every step", () => {
  test("is tried here", () => {
    const tried = [...numberChains, ...categoryChains, ...textChains, ...dateChains]
      .flat()
      .map((each) => (typeof each === "string" ? each : each.step));
    expect(new Set(tried)).toEqual(new Set(steps.map(({ name }) => name)));
  });

  test.each(numberChains.map((chain) => ({ chain })))("of numbers says in the graph what it says in memory: $chain", async ({ chain }) => {
    await fc.assert(
      fc.asyncProperty(learned, fc.array(number, { minLength: 1, maxLength: 12 }), async (training, asked) => {
        await expectSame(fit([numbers(training)], chain), [numbers(asked)]);
      }),
      { numRuns: 15 },
    );
  });

  test.each(categoryChains.map((chain) => ({ chain })))(
    "of categories says in the graph what it says in memory: $chain",
    async ({ chain }) => {
      const asked = fc.array(word, { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(asked, asked, fc.constantFrom(0, 2, 3), async (training, later, labels) => {
          const target = Float64Array.from(training, (_, row) => (labels === 0 ? row * 1.7 : row % labels));
          const trained = [categories(["a", "b", ...training])];
          await expectSame(fit(trained, chain, Float64Array.of(0, 1, ...target), labels), [categories(later)]);
        }),
        { numRuns: 15 },
      );
    },
  );

  test.each(textChains.map((chain) => ({ chain })))("of texts says in the graph what it says in memory: $chain", async ({ chain }) => {
    const sentence = fc.oneof(
      fc.array(fc.constantFrom("free", "Money", "ÉCOLE", "re:", "3", "\u0000"), { maxLength: 5 }).map((words) => words.join(" ")),
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constant(null),
    );
    const texts = fc.array(sentence, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(texts, texts, async (training, asked) => {
        const trained = readColumn({ name: "x", type: "text" }, ["free money", "free school", ...training]);
        const target = Float64Array.from({ length: training.length + 2 }, (_, row) => row);
        await expectSame(fit([trained], chain, target), [readColumn({ name: "x", type: "text" }, asked)]);
      }),
      { numRuns: 10 },
    );
  });

  test.each(dateChains.map((chain) => ({ chain })))("of instants says in the graph what it says in memory: $chain", async ({ chain }) => {
    const instant = fc.option(
      fc
        .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true })
        .map((date) => date.getTime()),
    );
    const awkward = ["1969-12-31T23:59:59.999Z", "1970-01-01", "2000-02-29T12:34:56Z", "1900-03-01", "2100-02-28T23:00:00Z", "2024-12-31"];
    const fixed = awkward.map((text) => Date.parse(text));
    await fc.assert(
      fc.asyncProperty(fc.array(instant, { minLength: 1, maxLength: 30 }), async (asked) => {
        const fitted = fit([instants(fixed)], chain);
        await expectSame(fitted, [instants([...fixed, ...asked])]);
      }),
      { numRuns: 15 },
    );
  });
});

describe("a step is fitted on the training rows alone", () => {
  const of = (chain: readonly StepChoice[], training: Column, asked: Column) => fit([training], chain).transform([asked]).columns;

  test("and fills, scales and clips by their figures", () => {
    const training = numbers([1, 2, 2, 7, Number.NaN]);
    const asked = numbers([Number.NaN, 100]);
    expect([...of([{ step: "impute", with: "mean" }], training, asked)[0]!]).toEqual([3, 100]);
    expect([...of([{ step: "impute", with: "median" }], training, asked)[0]!]).toEqual([2, 100]);
    expect([...of([{ step: "impute", with: "mode" }], training, asked)[0]!]).toEqual([2, 100]);
    expect([...of(["min-max"], training, numbers([1, 7, 13]))[0]!]).toEqual([0, 1, 2]);
    expect(of(["standard"], training, numbers([3]))[0]![0]).toBe(0);
    expect(of([{ step: "clip", low: 0, high: 1 }], training, asked)[0]![1]).toBe(7);
    expect(fit([training], ["missing-flag"]).training.names).toEqual(["x", "x is missing"]);
  });

  test("and a constant column becomes 0, not infinity", () => {
    for (const step of ["standard", "min-max"]) expect([...of([step], numbers([0.1, 0.1, 0.1]), numbers([0.1]))[0]!]).toEqual([0]);
  });

  test("and a training row never sees its own target", () => {
    const target = Float64Array.of(100, 0, 0, 0);
    const [encoded] = fit([categories(["only", "b", "b", "b"])], [{ step: "target", folds: 4, smoothing: 0 }], target).training.columns;
    // The others say nothing of its category: their overall mean.
    expect(encoded![0]).toBe(0);
  });

  test("and what it cannot learn is refused, naming the column", () => {
    expect(() => fit([numbers([Number.NaN, Number.NaN], "age")], ["impute"])).toThrow(/"age" has no value in the training rows/);
    expect(() => fit([categories(["a"], "city")], ["standard"])).toThrow(/"city" comes to standard as a category/);
    const plates = readColumn({ name: "plate", type: "text" }, ["a1", "b2", "c3"]);
    expect(() => fit([plates], ["tf-idf"])).toThrow(/No word of the column "plate" stands in 2 training rows/);
    expect(() => fit([plates], ["ordinal"])).toThrow(/"plate" comes to ordinal as a text/);
    expect(() => fit([categories(["a"], "city")], [])).toThrow(/"city" comes to the model as a category/);
    expect(() => fit([numbers([1], "age")], ["wash"])).toThrow(/no step "wash" for the column "age".*impute/);
    expect(() => fit([numbers([1], "age")], [{ step: "clip", low: 2 }])).toThrow(/"age" does not take these parameters: low/);
    expect(() => fit([categories(["a"], "city")], [{ step: "one-hot", minimumRows: 2 }])).toThrow(/No value of the column "city"/);
  });
});
