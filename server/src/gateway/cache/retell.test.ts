import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerCollector } from "../collect-answer.ts";
import { dialects } from "../dialects/index.ts";
import type { ChatAnswer, ChatEvent, ContentPart } from "../types.ts";
import type { KeptAnswer, Piece } from "./kept-answers.ts";
import { type Retelling, eventsOf, retell } from "./retell.ts";

const answer: ChatAnswer = { id: "a", model: "m", content: [{ type: "text", text: "abc" }], finish: "stop", usage: null };
const events: ChatEvent[] = [
  { type: "start", id: "a", model: "m" },
  ...["a", "b", "c"].map((text) => ({ type: "text" as const, part: 0, text })),
  { type: "finish", finish: "stop" },
  { type: "end" },
];

function tellPieces(pieces: readonly Piece[] | null, options: Partial<Retelling> = {}) {
  const kept: KeptAnswer = { key: "k", projectId: "p", from: "i", target: "one/m", answer, cost: null, pieces, keptAt: 0, place: null };
  const reply = retell(kept, {
    dialect: dialects["openai-chat"],
    context: { model: "m", created: 0, includeUsage: false },
    stream: true,
    signal: new AbortController().signal,
    maxGapMs: 500,
    cache: "hit",
    outcome: { target: "one/m", answer, cost: null, error: null },
    ...options,
  });
  if (reply.kind !== "stream") throw new Error("It came whole.");
  return reply.texts;
}

async function wordsOf(texts: AsyncIterable<{ text: string; isLast: boolean }>): Promise<string[]> {
  const words: string[] = [];
  for await (const { text } of texts) words.push(...[...text.matchAll(/"content":"([^"]+)"/g)].map(([, each]) => each!));
  return words;
}

const inPieces = (gapMs: number): Piece[] => events.map((event) => ({ events: [event], gapMs }));

describe("a stream that is told again", () => {
  test("keeps its pauses, but for the first", async () => {
    const startedAt = performance.now();
    expect(await wordsOf(tellPieces(inPieces(10)))).toEqual(["a", "b", "c"]);
    // A timer may be up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual((events.length - 1) * 9);
  });

  test("makes no pause longer than the bound", async () => {
    expect(await wordsOf(tellPieces(inPieces(3_600_000), { maxGapMs: 1 }))).toEqual(["a", "b", "c"]);
    expect(await wordsOf(tellPieces(inPieces(3_600_000), { maxGapMs: 0 }))).toEqual(["a", "b", "c"]);
  });

  test("stops in the middle of a pause when its caller goes", async () => {
    const gone = new AbortController();
    const texts = tellPieces(inPieces(3_600_000), { maxGapMs: 3_600_000, signal: gone.signal });
    const words = wordsOf(texts);
    setImmediate(() => gone.abort());
    expect(await words).toEqual([]);
  });

  test("marks its last piece alone as the last", async () => {
    const marks: boolean[] = [];
    for await (const { isLast } of tellPieces(inPieces(0))) marks.push(isLast);
    expect(marks).toEqual(events.map((_event, index) => index === events.length - 1));
  });

  test("comes in one piece where it came whole", async () => {
    const marks: boolean[] = [];
    for await (const { isLast } of tellPieces(null)) marks.push(isLast);
    expect(marks).toEqual([true]);
  });
});

test("a whole answer as events is the same answer", () => {
  const text = fc.string({ minLength: 1 });
  const part: fc.Arbitrary<ContentPart> = fc.oneof(
    fc.record({ type: fc.constant("text" as const), text }),
    fc.record({ type: fc.constant("refusal" as const), text }),
    fc.record({ type: fc.constant("thinking" as const), text, signature: text }),
    fc.record({ type: fc.constant("redacted-thinking" as const), data: text }),
    fc.record({ type: fc.constant("tool-call" as const), id: text, name: text, arguments: text }),
    fc.record({
      type: fc.constant("foreign" as const),
      dialect: fc.constant("openai-responses" as const),
      path: text,
      value: fc.jsonValue(),
    }),
  );
  const answers: fc.Arbitrary<ChatAnswer> = fc.record({
    id: text,
    model: text,
    content: fc.array(part, { maxLength: 5 }),
    finish: fc.constantFrom("stop" as const, "tool-calls" as const),
    usage: fc.constantFrom(null, { input: 1, output: 2, cachedInput: null, cacheWrite: null, reasoning: 1, from: "provider" as const }),
  });
  fc.assert(
    fc.property(answers, (whole) => {
      const collector = new AnswerCollector();
      for (const event of eventsOf(whole)) collector.add(event);
      expect(collector.ended).toBe(true);
      expect(collector.answer()).toEqual(whole);
    }),
  );
});
