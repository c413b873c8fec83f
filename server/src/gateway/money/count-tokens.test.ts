import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatRequest } from "../types.ts";
import { type TokenCounter, createTokenCounter } from "./count-tokens.ts";
import { piecesOf, sumTokens } from "./tokenizer/sum-tokens.ts";

let counter: TokenCounter;
beforeAll(() => {
  counter = createTokenCounter();
});
afterAll(() => counter.close());

const request = (more: Partial<ChatRequest>): ChatRequest => ({
  model: "a",
  system: [],
  messages: [{ role: "user", content: [{ type: "text", text: "hello world" }] }],
  stream: false,
  maxTokens: null,
  foreign: {},
  ...more,
});

describe("tokens are counted", () => {
  test("as OpenAI's models do, the newer and the ones before them", async () => {
    const text = "你好，世界";
    expect(await counter.countTexts(["hello world"], "gpt-4o")).toBe(2);
    // Its tables hold more of the world's languages.
    const [newer, older] = await Promise.all([counter.countTexts([text], "gpt-5-mini"), counter.countTexts([text], "gpt-4-turbo")]);
    expect([newer, older]).toEqual([3, 6]);
    expect(await counter.countTexts([text], "text-embedding-3-small")).toBe(older);
  });

  test("of what looks like a mark of the model's own as of any text", async () => {
    expect(await counter.countTexts(["<|endoftext|>"], "gpt-4o")).toBeGreaterThan(1);
  });

  test("of a request: its text, a little for each message, images by their size", async () => {
    const plain = await counter.countTokens(request({}), "gpt-4o");
    expect(plain).toBe(2 + 2 * 4);
    const tools = [{ name: "look_up", parameters: { type: "object" } }];
    expect(await counter.countTokens(request({ tools }), "gpt-4o")).toBeGreaterThan(plain! + 4);
    const image = { type: "image", source: { kind: "url", url: "https://example.test/a.png" } } as const;
    expect(await counter.countTokens(request({ messages: [{ role: "user", content: [image] }] }), "gpt-4o")).toBe(1600 + 8);
    expect(await counter.countTokens(request({ system: [{ type: "text", text: "hello world" }] }), "gpt-4o")).toBe(plain! + 2);
  });

  test("of an answer: text, thoughts, calls of tools", async () => {
    const call = { type: "tool-call", id: "1", name: "look_up", arguments: "{}" } as const;
    expect(
      await counter.countParts(
        [
          { type: "text", text: "hello world" },
          { type: "thinking", text: "hello" },
        ],
        "a",
      ),
    ).toBe(3);
    expect(await counter.countParts([call], "a")).toBeGreaterThan(4);
    expect(await counter.countParts([], "a")).toBe(0);
  });

  test("not at all once it is closed: null, and no error", async () => {
    const closed = createTokenCounter();
    await closed.close();
    expect(await closed.countTexts(["hello"], "a")).toBeNull();
  });
});

describe("a long text", () => {
  test("is cut into pieces that are the text again, none longer than the bound, no character in halves", () => {
    const unit = fc.constantFrom("a", "word", " ", "  ", "\n", "🌍", "é");
    const text = fc.array(unit, { maxLength: 1200 }).map((units) => units.join("").repeat(2));
    fc.assert(
      fc.property(text, (each) => {
        const pieces = piecesOf(each);
        expect(pieces.join("")).toBe(each);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(1000);
          expect(piece.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("counts like a whole one where it has blanks", async () => {
    const sentence = "The quick brown fox jumps over the lazy dog.";
    const one = await counter.countTexts([sentence], "gpt-4o");
    expect(await counter.countTexts([Array.from({ length: 300 }, () => sentence).join(" ")], "gpt-4o")).toBe(300 * one!);
  });

  test("is counted up to a bound, and the rest at the same rate", () => {
    let counted = 0;
    const count = (piece: string) => {
      counted += piece.length;
      return piece.length / 4;
    };
    expect(sumTokens(["x".repeat(400_000), "x".repeat(400_000), "x".repeat(200_000)], count)).toBe(250_000);
    expect(counted).toBe(500_000);
    expect(sumTokens([], count)).toBe(0);
  });
});
