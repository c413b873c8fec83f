import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashInput } from "../idempotency.ts";
import type { Demonstration } from "../types.ts";
import { nearnessByLetters } from "./example-nearness.ts";
import { type RankedFor, createMeasure, findShowable, rankExamples } from "./rank-examples.ts";

const texts = fc.constantFrom("an invoice", "an invoice for May", "lunch on Friday", "win a holiday", "win", "");
const demonstrations = fc
  .array(fc.record({ text: texts, dataClass: fc.constantFrom(null, "personal", "secret") }), { maxLength: 12 })
  .map((list) =>
    list.map(({ text, dataClass }, index): Demonstration => ({ inferenceId: String(index), input: { text }, output: {}, dataClass })),
  );

const measureAll = (list: readonly Demonstration[]) => createMeasure(({ text }) => text as string)(list);

function rank(list: readonly Demonstration[], text: string, wanted: Omit<RankedFor, "input">) {
  const showable = findShowable(measureAll(list), { input: { text }, ...wanted });
  return rankExamples(showable, nearnessByLetters(text, { showable }), wanted);
}

describe("the nearest examples", () => {
  test("are so many at most, the nearest last, each question once, none the question asked or of another class", () => {
    fc.assert(
      fc.property(
        demonstrations,
        texts,
        fc.record({
          count: fc.integer({ min: 1, max: 5 }),
          minimumNearness: fc.constantFrom(0, 0.3),
          dataClass: fc.constantFrom(undefined, "personal"),
        }),
        (list, text, wanted) => {
          const ranked = rank(list, text, wanted);
          const near = ranked.map(({ nearness }) => nearness);
          expect(near).toEqual(near.toSorted((left, right) => left - right));
          expect(near.every((each) => each >= wanted.minimumNearness && each <= 1)).toBe(true);
          const shown = ranked.map(({ demonstration }) => demonstration);
          const hashes = shown.map(({ input }) => hashInput(input));
          expect(new Set(hashes).size).toBe(hashes.length);
          expect(hashes).not.toContain(hashInput({ text }));
          expect(shown.every(({ dataClass }) => dataClass === null || dataClass === wanted.dataClass)).toBe(true);
          // Nothing better was left out.
          const all = rank(list, text, { ...wanted, count: 100 });
          expect(ranked).toHaveLength(Math.min(wanted.count, all.length));
          expect(near.at(-1)).toBe(all.at(-1)?.nearness);
        },
      ),
    );
  });

  test("of equal questions show the one given first", () => {
    const twice = ["new", "old"].map((inferenceId) => ({ inferenceId, input: { text: "win" }, output: {}, dataClass: null }));
    const wanted = { count: 2, minimumNearness: 0, dataClass: undefined };
    const ranked = rank(twice, "won", wanted);
    expect(ranked.map(({ demonstration }) => demonstration.inferenceId)).toEqual(["new"]);
  });

  test("are read once; what was corrected since is shown as it is, and what is gone or cannot be written is not", () => {
    const read: unknown[] = [];
    const measure = createMeasure(({ text }) => {
      read.push(text);
      return text === "" ? undefined : (text as string);
    });
    const one = { inferenceId: "1", input: { text: "win" }, output: { label: "spam" }, dataClass: null };
    const two = { inferenceId: "2", input: { text: "" }, output: {}, dataClass: null };
    expect(measure([one, two])).toHaveLength(1);
    const [again] = measure([{ ...one, output: { label: "ham" } }]);
    expect(again!.demonstration.output).toEqual({ label: "ham" });
    expect(read).toEqual(["win", ""]);
    expect(measure([])).toEqual([]);
  });
});
