import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, scriptedText, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { AppError } from "../../core/index.ts";
import { AttemptBook } from "../attempt-book.ts";
import type { GatewayCall, GatewayReply } from "../stage.ts";
import type { Told } from "../tell.ts";
import type { ChatAnswer } from "../types.ts";
import { attend } from "./attend.ts";
import { dialects } from "../dialects/index.ts";
import { Flight } from "./flight.ts";
import { type Heard, type TestAsk, ask, callOf, createTestClock, hear, noteOf, openTestCache } from "./test-cache.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => void (upstream = await startScriptedUpstream()));
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

function open() {
  return openTestCache(upstream, { clock: createTestClock(), cache: { exact: { models: "all" } } });
}

type Streamed = Extract<GatewayReply, { kind: "stream" }>;

async function streamOf(reply: Promise<GatewayReply>): Promise<Streamed> {
  const given = await reply;
  if (given.kind !== "stream") throw new Error("It came whole.");
  return given;
}

/** The words of OpenAI's chunks. */
function words(text: string): string {
  return [...text.matchAll(/"content":"([^"]*)"/g)].map(([, each]) => each).join("");
}

function paid(all: readonly Heard[]): string[] {
  return all.map(({ outcome }) => outcome.cost?.amount ?? "unknown").filter((amount) => amount !== "0");
}

describe("equal calls at the same time", () => {
  test.each([false, true])("ask once, and each has its own answer and evidence; one pays (stream: %s)", async (stream) => {
    const gateway = open();
    const asked: TestAsk = { model: "one/slow-first:50", stream };
    const calls = Array.from({ length: 20 }, () => callOf(gateway, asked));
    const all = await Promise.all(calls.map(async (call) => hear(await gateway.call(call))));
    expect(upstream.requests).toHaveLength(1);
    for (const { text, outcome } of all) {
      expect(stream ? words(text) : JSON.parse(text).choices[0].message.content).toBe(scriptedText);
      expect(outcome).toMatchObject({ error: null, target: "one/slow-first:50", answer: { finish: "stop" } });
    }
    expect(paid(all)).toEqual(["0.009"]);
    expect(noteOf(all[0]!)).toEqual({ kind: "miss" });
    for (const each of all.slice(1)) {
      expect(each.cache).toBe("hit");
      expect(noteOf(each)).toEqual({ kind: "shared", from: calls[0]!.inferenceId, saved: "0.009", currency: "USD" });
    }
    expect(gateway.cache.report(calls[0]!.origin.projectId)).toMatchObject({ miss: 1, shared: 19, saved: [{ amount: "0.171" }] });
  });

  test("are told each in its own words: the usage of a stream to who asked for it, the model by the name he wrote", async () => {
    const gateway = open();
    const asked = { model: "one/slow-first:30", stream: true };
    const [plain, counted] = await Promise.all([
      ask(gateway, asked),
      ask(gateway, { ...asked, more: { stream_options: { include_usage: true } } }),
    ]);
    expect(upstream.requests).toHaveLength(1);
    expect(plain.text).not.toContain('"usage"');
    expect(counted.text).toContain('"completion_tokens":9');
  });

  test("by different people are different", async () => {
    const gateway = open();
    const asked = { model: "one/slow-first:30" };
    const all = await Promise.all([ask(gateway, asked), ask(gateway, { ...asked, origin: { principalId: "key:bob" } })]);
    expect(upstream.requests).toHaveLength(2);
    expect(paid(all)).toEqual(["0.009", "0.009"]);
  });

  test("all hear of a failure, and the next one asks anew", async () => {
    const gateway = open();
    const asked = { model: "one/status-then-ok:400:1" };
    const all = await Promise.allSettled([ask(gateway, asked), ask(gateway, asked), ask(gateway, asked)]);
    expect(all.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(upstream.requests).toHaveLength(1);
    expect((await ask(gateway, asked)).cache).toBe("miss");
  });

  test.each([["reset-after:5"], ["clean-cut-after:5"], ["malformed-after:5"]])(
    "all hear what came and that it broke, each in an error of its own inference: %s",
    async (fault) => {
      const gateway = open();
      const calls = [0, 1, 2].map(() => callOf(gateway, { model: `one/${fault}`, stream: true }));
      const all = await Promise.all(calls.map(async (call) => hear(await gateway.call(call))));
      expect(upstream.requests).toHaveLength(1);
      for (const [index, { text, outcome }] of all.entries()) {
        expect(words(text)).toBe("The quick brown fox");
        expect(text).not.toContain("[DONE]");
        expect(text.trimEnd().split("\n\n").at(-1)).toContain('"error"');
        expect([index, outcome.error?.code]).toEqual([index, "provider_failed"]);
        expect(outcome.answer).toMatchObject({ finish: "unknown", content: [{ text: "The quick brown fox" }] });
      }
      expect((await ask(gateway, { model: `one/${fault}`, stream: true })).cache).toBe("miss");
    },
  );
});

describe("who goes away", () => {
  test("as the first leaves the others their answer, and the provider is not cancelled", async () => {
    const gateway = open();
    const gone = new AbortController();
    const asked = { model: "one/slow-between:5", stream: true };
    const leader = await streamOf(gateway.call(callOf(gateway, { ...asked, signal: gone.signal })));
    const follower = ask(gateway, asked);
    for await (const { text } of leader.texts) if (text.includes("brown")) break;
    gone.abort(new AppError("invalid_request", "The client went away."));
    const left = leader.outcome();
    await leader.leave();
    const heard = await follower;
    expect(words(heard.text)).toBe(scriptedText);
    expect(upstream.requests).toMatchObject([{ aborted: false }]);
    expect(left).toMatchObject({
      target: null,
      cost: { amount: "0" },
      error: { code: "provider_failed" },
      answer: { content: [{ text: "The quick brown" }] },
    });
    expect(heard.outcome).toMatchObject({ error: null, cost: { amount: "0.009" } });
    expect(noteOf(heard)).toMatchObject({ kind: "shared", paid: true });
    expect((await ask(gateway, asked)).cache).toBe("hit");
  });

  test("before the answer came leaves it to the others too", async () => {
    const gateway = open();
    const gone = new AbortController();
    const asked = { model: "one/slow-first:60" };
    const book = new AttemptBook();
    const leader = gateway.call({ ...callOf(gateway, { ...asked, signal: gone.signal }), book });
    const follower = ask(gateway, asked);
    await expect.poll(() => upstream.requests.length).toBe(1);
    gone.abort(new AppError("invalid_request", "The client went away."));
    await expect(leader).rejects.toMatchObject({ code: "invalid_request" });
    expect(book.soFar()).toEqual([]);
    expect((await follower).outcome).toMatchObject({ error: null, cost: { amount: "0.009" } });
    expect(upstream.requests).toMatchObject([{ aborted: false }]);
  });

  test.each([true, false])("as the last cancels the provider, and nothing is kept (stream: %s)", async (stream) => {
    const gateway = open();
    const asked = { model: stream ? "one/stall-after:4" : "one/slow-first:3000", stream };
    const gone = [new AbortController(), new AbortController()];
    const books = [new AttemptBook(), new AttemptBook()];
    const replies = gone.map(({ signal }, index) => gateway.call({ ...callOf(gateway, { ...asked, signal }), book: books[index]! }));
    const ends = Promise.allSettled(replies.map(async (reply) => hear(await reply)));
    await expect.poll(() => upstream.requests.length).toBe(1);
    if (stream) await Promise.all(replies);
    gone[0]!.abort(new AppError("invalid_request", "The client went away."));
    if (stream) await streamOf(replies[0]!).then((reply) => reply.leave());
    expect(upstream.requests).toMatchObject([{ aborted: false }]);
    gone[1]!.abort(new AppError("invalid_request", "The client went away."));
    await ends;
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
    // The last one pays what was asked, whoever asked it; of a stream it hears what came.
    if (!stream) expect(books.map((book) => book.soFar().map(({ usage }) => usage.output))).toEqual([[], [0]]);
    expect(gateway.cache.report(callOf(gateway, {}).origin.projectId)).toMatchObject({ entries: 0 });
  });
});

test("a slow listener holds up nobody, and hears all of it in the end", async () => {
  const gateway = open();
  const asked = { model: "one/ok", stream: true };
  const slow = await streamOf(gateway.call(callOf(gateway, asked)));
  const quick = await streamOf(gateway.call(callOf(gateway, asked)));
  expect(words((await hear(quick)).text)).toBe(scriptedText);
  expect(words((await hear(slow)).text)).toBe(scriptedText);
  expect(upstream.requests).toHaveLength(1);
});

test("who goes after the end was read and before it was heard is not told to have heard it, and pays if it was first", async () => {
  const gateway = open();
  const asked = { model: "one/slow-between:15", stream: true };
  const slow = await streamOf(gateway.call(callOf(gateway, asked)));
  const quick = await streamOf(gateway.call(callOf(gateway, asked)));
  const heard = await hear(quick);
  for await (const { text } of slow.texts) if (text.includes("quick")) break;
  const left = slow.outcome();
  await slow.leave();
  expect(left).toMatchObject({
    error: { code: "provider_failed" },
    answer: { content: [{ text: "The quick" }] },
    cost: { amount: "0.009" },
  });
  expect(heard.outcome).toMatchObject({ error: null, cost: { amount: "0" } });
});

/** A provider of so many pieces. */
function pieces(count: number, size = 0): Streamed & { readonly isLeft: () => boolean } {
  let left = false;
  async function* texts(): AsyncGenerator<Told, void> {
    for (let index = 0; index < count; index++)
      yield { text: `${index};${"x".repeat(size)}`, isLast: index === count - 1, events: [{ type: "text", part: 0, text: `${index};` }] };
  }
  const answer: ChatAnswer = { id: "a", model: "m", content: [], finish: "stop", usage: null };
  const cost = {
    amount: "1",
    currency: "USD" as const,
    from: "provider" as const,
    parts: { input: "0", output: "1", cachedInput: null, cacheWrite: null },
  };
  return {
    kind: "stream",
    texts: texts(),
    outcome: () => ({ target: "one/m", answer, cost, error: null }),
    leave: async () => void (left = true),
    isLeft: () => left,
  };
}

test("of an answer that is too long the end alone is held: who is too far behind hears so, and it is not kept", async () => {
  const gateway = open();
  const dialect = dialects["openai-chat"];
  const shared = { dialect, context: { model: "m", created: 0, includeUsage: false }, cache: "hit" as const };
  const calls = [0, 1].map(() => callOf(gateway, { stream: true }));
  const landings: unknown[] = [];
  const flight = new Flight(
    calls[0]!,
    async () => pieces(6, 4 * 1024 * 1024),
    (landing) => landings.push(landing),
  );
  const finish = (outcome: Heard["outcome"]) => outcome;
  const [quick, slow] = await Promise.all(calls.map((call) => streamOf(attend(flight, { call, ...shared, finish }))));
  let length = 0;
  for await (const { text } of quick!.texts) length += text.length;
  expect(length).toBeGreaterThan(24 * 1024 * 1024);
  const { text, outcome } = await hear(slow!);
  expect(outcome).toMatchObject({
    error: { code: "provider_failed", message: expect.stringContaining("reads too slowly") },
    cost: { amount: "0" },
  });
  expect(text).toContain("reads too slowly");
  expect(text).toContain(calls[1]!.inferenceId);
  expect(landings).toEqual([null]);
});

test("however many listen, in whatever order they read, come and go: each hears the beginning of the same, and one pays", async () => {
  const gateway = open();
  const dialect = dialects["openai-chat"];
  const context = { model: "m", created: 0, includeUsage: false };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.record({ who: fc.nat(4), leaves: fc.boolean() }), { maxLength: 60 }),
      async (count, steps) => {
        const source = pieces(count);
        const calls: GatewayCall[] = Array.from({ length: 5 }, () => callOf(gateway, { stream: true }));
        const flight = new Flight(
          calls[0]!,
          async () => source,
          () => {},
        );
        const finish = (outcome: Heard["outcome"]) => outcome;
        const listeners = await Promise.all(
          calls.map(async (call) => {
            const reply = await streamOf(attend(flight, { call, dialect, context, cache: "hit", finish }));
            return { reply, texts: reply.texts[Symbol.asyncIterator](), heard: [] as string[], over: false };
          }),
        );
        const read = async (listener: (typeof listeners)[number]) => {
          const { value, done } = await listener.texts.next();
          if (done !== true) listener.heard.push(...value.events.map((event) => (event.type === "text" ? event.text : "")));
          if (done === true || value.isLast) listener.over = true;
        };
        for (const { who, leaves } of steps) {
          const listener = listeners[who]!;
          if (listener.over) continue;
          if (!leaves) await read(listener);
          else {
            listener.over = true;
            await listener.reply.leave();
          }
        }
        const whole = Array.from({ length: count }, (_, index) => `${index};`);
        for (const listener of listeners) while (!listener.over) await read(listener);
        for (const { heard } of listeners) expect(heard).toEqual(whole.slice(0, heard.length));
        const amounts = listeners.map(({ reply }) => reply.outcome().cost?.amount);
        expect(amounts.filter((amount) => amount === "1")).toHaveLength(1);
        for (const { reply } of listeners) await reply.leave();
        expect(source.isLeft()).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});
