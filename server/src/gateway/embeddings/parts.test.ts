import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { estimateInput, inBatches } from "./in-batches.ts";
import { parseEmbeddingRequest } from "./parse-request.ts";
import { readEmbeddingAnswer } from "./read-answer.ts";
import type { EmbeddingReply } from "./types.ts";
import { type VectorScope, createVectorMemory } from "./vector-memory.ts";
import { writeEmbeddingAnswer } from "./write-answer.ts";

const vectors = fc.integer({ min: 1, max: 6 }).chain((length) =>
  fc.array(fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true }), {
    minLength: 1,
    maxLength: 5,
  }),
);

function reply(made: readonly Float32Array[]): EmbeddingReply {
  return { target: "one/a", vectors: made, remembered: 0, usage: { input: 3 }, cost: {} } as unknown as EmbeddingReply;
}

describe("an answer", () => {
  test("is read back as the same numbers, in either encoding", () => {
    fc.assert(
      fc.property(vectors, fc.constantFrom("float" as const, "base64" as const), (made, encoding) => {
        const text = writeEmbeddingAnswer({ model: 'a "model"', inputs: ["x"], encoding, foreign: {} }, reply(made));
        const body = JSON.parse(text) as { model: string; usage: unknown };
        const read = readEmbeddingAnswer(body, made.length, "one/a");
        // JSON has no -0.
        expect(read.vectors.map((each) => [...each].map((value) => value + 0))).toEqual(
          made.map((each) => [...each].map((value) => value + 0)),
        );
        expect(body).toMatchObject({ object: "list", model: 'a "model"', usage: { prompt_tokens: 3, total_tokens: 3 } });
      }),
    );
  });

  test.each([
    ["no list", {}],
    ["one less", { data: [] }],
    [
      "the same place twice",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [1] },
        ],
      },
    ],
    [
      "a place beyond the end",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 2, embedding: [1] },
        ],
      },
    ],
    [
      "different lengths",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 1, embedding: [1, 2] },
        ],
      },
    ],
    [
      "different lengths, from the last",
      {
        data: [
          { index: 1, embedding: [1] },
          { index: 0, embedding: [1, 2] },
        ],
      },
    ],
    [
      "an empty one",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 1, embedding: [] },
        ],
      },
    ],
    [
      "half a number",
      {
        data: [
          { index: 0, embedding: "AAAAAAA=" },
          { index: 1, embedding: "AAAAAA==" },
        ],
      },
    ],
    [
      "a number that is too large",
      {
        data: [
          { index: 0, embedding: [1e39] },
          { index: 1, embedding: [1] },
        ],
      },
    ],
  ])("that is %s is none", (_, body) => {
    expect(() => readEmbeddingAnswer(body, 2, "one/a")).toThrow(expect.objectContaining({ code: "provider_failed" }));
  });
});

describe("a request", () => {
  test("is one text, several, one list of tokens, or several", () => {
    const inputs = (input: unknown) => parseEmbeddingRequest({ model: "a", input }).inputs;
    expect(inputs("x")).toEqual(["x"]);
    expect(inputs(["x", "y"])).toEqual(["x", "y"]);
    expect(inputs([1, 2])).toEqual([[1, 2]]);
    expect(inputs([[1], [2, 3]])).toEqual([[1], [2, 3]]);
  });

  test("keeps fields nobody here knows", () => {
    const parsed = parseEmbeddingRequest({ model: "a", input: "x", encoding_format: "base64", dimensions: 3, user: "u", truncate: "END" });
    expect(parsed).toEqual({ model: "a", inputs: ["x"], encoding: "base64", dimensions: 3, user: "u", foreign: { truncate: "END" } });
  });

  test.each([
    { input: "" },
    { input: [] },
    { input: ["x", ""] },
    { input: ["x", 1] },
    { input: [[]] },
    { input: [-1] },
    { input: "x", dimensions: 0 },
    { input: "x", encoding_format: "hex" },
  ])("with %o is refused", (body) => {
    const [name] = Object.keys(body).filter((key) => key !== "input" || body.input !== "x");
    expect(() => parseEmbeddingRequest({ model: "a", ...body })).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining(name!) as string }),
    );
  });
});

test("batches hold every input once, in order, within their bounds", () => {
  const items = fc.array(
    fc.record({
      input: fc.oneof(
        fc.string(),
        fc.nat(150_000).map((size) => "x".repeat(size * 4)),
      ),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 5 }), (list, most) => {
      const batches = inBatches(list, most);
      expect(batches.flat()).toEqual(list);
      for (const batch of batches) {
        expect(batch.length).toBeLessThanOrEqual(most);
        const size = batch.reduce((sum, { input }) => sum + estimateInput(input), 0);
        expect(batch.length === 1 || size <= 200_000).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

describe("the memory for vectors", () => {
  const scope: VectorScope = { projectId: "p", target: "one/a", dimensions: undefined, foreign: {} };

  test("never holds more than its bound, and what it finds is what was kept", () => {
    const steps = fc.array(fc.record({ input: fc.constantFrom("a", "b", "c", "d", "e"), length: fc.integer({ min: 1, max: 200 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 2000 }), (list, bound) => {
        const memory = createVectorMemory(bound);
        const kept = new Map<string, Float32Array>();
        for (const { input, length } of list) {
          const vector = new Float32Array(length).fill(length);
          memory.keep(scope, input, vector);
          if (vector.byteLength + 250 <= bound) kept.set(input, vector);
          expect(memory.bytes).toBeLessThanOrEqual(bound);
          for (const [each, last] of kept) expect([undefined, last]).toContainEqual(memory.find(scope, each));
        }
      }),
    );
  });

  test("lets go first of what was not asked for the longest", () => {
    const memory = createVectorMemory(2 * (4 + 250));
    for (const input of ["a", "b"]) memory.keep(scope, input, Float32Array.of(1));
    memory.find(scope, "a");
    memory.keep(scope, "c", Float32Array.of(1));
    expect(["a", "b", "c"].map((input) => memory.find(scope, input) !== undefined)).toEqual([true, false, true]);
  });

  test("tells projects, models, dimensions, fields, texts and tokens apart", () => {
    const memory = createVectorMemory(100_000);
    memory.keep(scope, "1", Float32Array.of(1));
    const others: VectorScope[] = [
      { ...scope, projectId: "q" },
      { ...scope, target: "one/b" },
      { ...scope, dimensions: 1 },
      { ...scope, foreign: { a: 1 } },
    ];
    for (const other of others) expect(memory.find(other, "1")).toBeUndefined();
    expect(memory.find(scope, [1])).toBeUndefined();
    expect(memory.find({ ...scope }, "1")).toEqual(Float32Array.of(1));
  });

  test("holds a vector alone, not the buffer it was a part of", () => {
    const memory = createVectorMemory(100_000);
    memory.keep(scope, "a", new Float32Array(1000).subarray(0, 2));
    expect(memory.find(scope, "a")!.buffer.byteLength).toBe(8);
  });
});
