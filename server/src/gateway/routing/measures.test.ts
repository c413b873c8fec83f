import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock } from "../../core/index.ts";
import type { ChatAnswer } from "../types.ts";
import { confidenceOf, isSure } from "./confidence.ts";
import { createLatencyBook } from "./latency-book.ts";
import { sessionOf } from "./session.ts";
import { similarityOf, trigramsOf } from "./trigrams.ts";

describe("how long targets took", () => {
  test("is the median of those in the window, and nothing where there are none", () => {
    const clock = createManualClock(0);
    const book = createLatencyBook(clock);
    expect(book.median("a", true, 1000)).toBeNull();
    for (const ms of [900, 10, 30]) book.note("a", true, ms);
    expect(book.median("a", true, 1000)).toBe(30);
    expect(book.median("a", false, 1000)).toBeNull();
    clock.advance(800);
    book.note("a", true, 50);
    expect(book.median("a", true, 1000)).toBe(40);
    clock.advance(201);
    expect(book.median("a", true, 1000)).toBe(50);
    clock.advance(1000);
    expect(book.median("a", true, 1000)).toBeNull();
  });

  test("is between the shortest and the longest of the last two hundred", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 300 }), (times) => {
        const book = createLatencyBook(createManualClock(0));
        for (const ms of times) book.note("a", true, ms);
        const kept = times.slice(-200);
        const median = book.median("a", true, 1)!;
        expect(kept.filter((ms) => ms <= median).length).toBeGreaterThanOrEqual(kept.length / 2);
        expect(kept.filter((ms) => ms >= median).length).toBeGreaterThanOrEqual(kept.length / 2);
      }),
    );
  });
});

describe("the similarity of two texts", () => {
  test("is from 0 to 1, the same both ways, and 1 of a text with itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (left, right) => {
        const [one, other] = [trigramsOf(left), trigramsOf(right)];
        const similarity = similarityOf(one, other);
        expect(similarity).toBeGreaterThanOrEqual(0);
        expect(similarity).toBeLessThanOrEqual(1);
        expect(similarityOf(other, one)).toBe(similarity);
        if (one.length > 0) expect(similarityOf(one, one)).toBeCloseTo(1, 9);
      }),
    );
  });

  test("knows no case and no punctuation, and nothing of a text without words", () => {
    expect(similarityOf(trigramsOf("Hello, WORLD!"), trigramsOf("hello world"))).toBeCloseTo(1, 9);
    expect(similarityOf(trigramsOf("?!"), trigramsOf("?!"))).toBe(0);
    expect(similarityOf(trigramsOf("sort an array"), trigramsOf("sorting arrays"))).toBeGreaterThan(
      similarityOf(trigramsOf("sort an array"), trigramsOf("translate a letter")),
    );
  });
});

describe("how sure an answer is", () => {
  const whole: ChatAnswer = { id: "", model: "", content: [{ type: "text", text: "Yes." }], finish: "stop", usage: null };
  const told = (...probabilities: number[]) => ({
    answer: { ...whole, logProbabilities: probabilities.map((each) => ({ token: "x", value: Math.log(each) })) },
    error: null,
  });

  test("is the geometric mean of the probabilities of its tokens", () => {
    expect(confidenceOf(told(0.9, 0.4)).value).toBeCloseTo(0.6, 9);
    expect(confidenceOf({ answer: whole, error: null })).toEqual({ value: null, flaw: null });
  });

  test("is never more than the surest token and never less than the least sure", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 }), (probabilities) => {
        const { value } = confidenceOf(told(...probabilities));
        expect(value).toBeLessThanOrEqual(Math.max(...probabilities) * (1 + 1e-9));
        expect(value).toBeGreaterThanOrEqual(Math.min(...probabilities) * (1 - 1e-9));
      }),
    );
  });

  test.each([
    [{ finish: "length" }, "length"],
    [{ finish: "filter" }, "filter"],
    [{ finish: "refusal" }, "refusal"],
    [{ content: [{ type: "refusal", text: "No." }] }, "refusal"],
    [{ content: [{ type: "text", text: " \n" }] }, "empty"],
    [{ content: [{ type: "thinking", text: "Hm." }] }, "empty"],
    [{ content: [{ type: "tool-call", id: "1", name: "f", arguments: "{}" }] }, null],
  ] as [Partial<ChatAnswer>, string | null][])("is nothing for %j, whatever its probabilities: %s", (change, flaw) => {
    const { answer } = told(1);
    const confidence = confidenceOf({ answer: { ...answer, ...change }, error: null });
    expect(confidence.flaw).toBe(flaw);
    expect(isSure(confidence, { minimumConfidence: 0.5, unknown: "sure" })).toBe(flaw === null);
  });

  test("without probabilities is what it is said to be", () => {
    const confidence = confidenceOf({ answer: whole, error: null });
    expect(isSure(confidence, { minimumConfidence: 1, unknown: "sure" })).toBe(true);
    expect(isSure(confidence, { minimumConfidence: 0.01, unknown: "unsure" })).toBe(false);
  });
});

describe("a session", () => {
  const origin = { projectId: "p", principalId: "key:a", function: "model:m", address: null };
  const request = { model: "m", system: [], messages: [], stream: false, maxTokens: null, foreign: {} };
  const long = { type: "text", text: "x".repeat(4096) } as const;

  test("is told by the prompt's cache key, then the session, then the user, then a beginning worth keeping", () => {
    const told = { ...request, user: "u", metadata: { session: "s" }, system: [long] };
    expect(sessionOf({ origin, body: { prompt_cache_key: "k" }, request: told })?.from).toBe("prompt_cache_key");
    expect(sessionOf({ origin, body: {}, request: told })?.from).toBe("metadata.session");
    expect(sessionOf({ origin, body: {}, request: { ...told, metadata: {} } })?.from).toBe("user");
    expect(sessionOf({ origin, body: {}, request: { ...request, system: [long] } })?.from).toBe("messages");
    expect(sessionOf({ origin, body: {}, request })).toBeNull();
    expect(sessionOf({ origin: { ...origin, tags: { session: "s" }, user: "ada" }, body: {}, request })?.from).toBe("metadata.session");
    expect(sessionOf({ origin: { ...origin, user: "ada" }, body: {}, request })?.from).toBe("user");
  });

  test("stays the same while the conversation grows, and is another in another project or with another beginning", () => {
    const turn = { role: "user", content: [{ type: "text", text: "Hi" }] } as const;
    const idOf = (more: object, where = origin) =>
      sessionOf({ origin: where, body: {}, request: { ...request, system: [long], ...more } })!.id;
    expect(idOf({ messages: [turn] })).toBe(idOf({ messages: [turn, { ...turn, role: "assistant" }, turn] }));
    expect(idOf({ messages: [turn] })).not.toBe(idOf({ messages: [turn] }, { ...origin, projectId: "q" }));
    expect(idOf({ messages: [turn] })).not.toBe(idOf({ messages: [turn], system: [long, long] }));
  });
});
