import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPoints } from "./points.ts";
import type { AskVectors, VectorQuestion } from "./types.ts";

/** Stands for an encoder that knows how many `a` and `b` there are in a text. */
function createLetters() {
  const asked: (readonly string[])[] = [];
  const ask: AskVectors = async ({ texts, signal }) => {
    asked.push(texts);
    await Promise.resolve();
    if (signal.aborted) throw signal.reason;
    const vectors = texts.map((text) => {
      const counts = ["a", "b"].map((letter) => text.split(letter).length - 1);
      const length = Math.hypot(...counts) || 1;
      return Float32Array.from(counts, (count) => count / length);
    });
    return { vectors, remembered: 0 } as unknown as Awaited<ReturnType<AskVectors>>;
  };
  return { asked, ask, sent: () => asked.flat() };
}

const question: Omit<VectorQuestion, "texts"> = {
  embedder: "one/letters",
  origin: { projectId: "p", principalId: "key:ada", function: "model:like", address: null },
  dataClasses: [],
  evidence: { step: () => undefined, elapsed: () => 0 },
  step: "embedding",
  signal: new AbortController().signal,
};

describe("texts that stand still", () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "x"), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });

  test("are made once each, however many ask at once, and are as near as their vectors are", async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.constantFrom("a", "b", "ab", "aab"), { minLength: 1, maxLength: 5 }),
        async (examples, questions) => {
          const letters = createLetters();
          const points = createPoints(letters.ask);
          const near = await Promise.all(questions.map((text) => points.near(text, examples, question)));
          expect(letters.asked[0]).toEqual([...new Set(examples)]);
          expect(letters.asked.slice(1)).toEqual(questions.map((text) => [text]));
          for (const [place, each] of near.entries())
            for (const [index, value] of each.entries()) {
              expect(value).toBeGreaterThanOrEqual(0);
              expect(value).toBeLessThanOrEqual(1);
              if (examples[index] === questions[place]) expect(value).toBeCloseTo(1, 5);
            }
        },
      ),
    );
  });

  test("are made again by the next who asks, where the one who asked first left", async () => {
    const { ask, sent } = createLetters();
    const points = createPoints(ask);
    const gone = new AbortController();
    const [first, second] = [points.near("a", ["a", "b"], { ...question, signal: gone.signal }), points.near("a", ["a", "b"], question)];
    gone.abort(new Error("left"));
    await expect(first).rejects.toThrow("left");
    expect(await second).toEqual([1, 0]);
    expect(sent()).toEqual(["a", "b", "a", "b", "a"]);
  });

  test("are not waited for longer than the question has time", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { ask } = createLetters();
    const points = createPoints(async (each) => {
      await promise;
      return ask(each);
    });
    const loading = points.load(["a"], question);
    await expect(points.near("a", ["a"], { ...question, withinMs: 1 })).rejects.toMatchObject({ code: "deadline_exceeded" });
    resolve();
    await loading;
    expect(await points.near("a", ["a"], question)).toEqual([1]);
  });

  test("that are gone are forgotten, and made anew when they come again", async () => {
    const { ask, sent } = createLetters();
    const points = createPoints(ask);
    await points.load(["a", "b"], question);
    points.keep(new Set(["b", "ab"]));
    await points.load(["a", "b", "ab"], question);
    expect(sent()).toEqual(["a", "b", "a", "ab"]);
  });
});
