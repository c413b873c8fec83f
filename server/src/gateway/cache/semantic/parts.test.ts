import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatAnswer } from "../../types.ts";
import { cosine, lexicalEmbedder } from "./lexical-embedder.ts";
import { isSameAnswer } from "./same-answer.ts";

async function likeness(one: string, other: string): Promise<number> {
  const [left, right] = await lexicalEmbedder.embed([one, other]);
  return cosine(left!, right!);
}

describe("the lexical embedder", () => {
  test("finds a question that is typed otherwise nearer than another question", async () => {
    const asked = "How do I reset my password?";
    const alike = await likeness(asked, "how do i  reset my passwrd");
    expect(alike).toBeGreaterThan(0.7);
    expect(alike).toBeGreaterThan((await likeness(asked, "How do I cancel my subscription?")) + 0.2);
    expect(await likeness("Wie wird das Wetter in Zürich?", "wie wird das wetter in zürich")).toBeGreaterThan(0.9);
  });

  test("gives every text a point of length one, the same each time, or nothing at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (text) => {
        const [first, second] = await lexicalEmbedder.embed([text, text]);
        expect(Buffer.compare(Buffer.from(first!.buffer), Buffer.from(second!.buffer))).toBe(0);
        const length = Math.hypot(...first!);
        expect(length === 0 || Math.abs(length - 1) < 1e-5).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("looks at the beginning and the end of a long text", async () => {
    const filler = "lorem ipsum ".repeat(2000);
    expect(await likeness(`${filler} What is the price?`, `${filler} Who wrote it?`)).toBeLessThan(1);
    expect((await lexicalEmbedder.embed(["x".repeat(1_000_000)]))[0]).toHaveLength(256);
  });
});

describe("two answers are the same", () => {
  const answer = (text: string, more: Partial<ChatAnswer> = {}): ChatAnswer => ({
    id: "a",
    model: "m",
    content: [{ type: "text", text }],
    finish: "stop",
    usage: null,
    ...more,
  });
  const call = (text: string): Partial<ChatAnswer> => ({
    finish: "tool-calls",
    content: [{ type: "tool-call", id: text, name: "look_up", arguments: text }],
  });

  test.each([
    ["in other case and spacing", answer("Yes, it is."), answer("yes,  it is"), true],
    ["as JSON in another order", answer('{"a":1,"b":2}'), answer('{ "b": 2, "a": 1 }'), true],
    ["as other words", answer("Yes"), answer("No"), false],
    ["as other JSON", answer('{"a":1}'), answer('{"a":2}'), false],
    ["as calls of a tool, whatever their ids", answer("", call('{"a": 1}')), answer("", call('{"a":1}')), true],
    ["as calls with other arguments", answer("", call('{"a":1}')), answer("", call('{"a":2}')), false],
    ["as a number and its text in JSON", answer('{"a":1}'), answer('{"a":"1"}'), false],
  ])("%s: %#", (_what, left, right, same) => {
    expect(isSameAnswer(left, right)).toBe(same);
  });
});
