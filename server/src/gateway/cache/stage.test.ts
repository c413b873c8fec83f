import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, scriptedText, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createEventParser } from "../sse/parse-events.ts";
import { AnswerCollector } from "../collect-answer.ts";
import { dialects } from "../dialects/index.ts";
import type { DialectName } from "../types.ts";
import { type TestAsk, ask, callOf, createTestClock, hear, noteOf, openTestCache } from "./test-cache.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => void (upstream = await startScriptedUpstream()));
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

function open(exact: Record<string, unknown> = {}, more = {}) {
  const clock = createTestClock();
  return {
    clock,
    gateway: openTestCache(upstream, { clock, cache: { exact: { models: "all", ttlSeconds: 60, maxGapMs: 0, ...exact } }, more }),
  };
}

/** The words of an answer, whatever way it was told. */
function wordsOf(text: string, dialect: DialectName, stream: boolean): { words: string; finish: string } {
  let answer = stream ? undefined : dialects[dialect].parseAnswer(JSON.parse(text));
  if (answer === undefined) {
    const [reader, collector] = [dialects[dialect].createReader(), new AnswerCollector()];
    for (const event of createEventParser().push(Buffer.from(text))) for (const each of reader.push(event)) collector.add(each);
    expect(collector.ended).toBe(true);
    answer = collector.answer();
  }
  return { words: answer.content.map((part) => ("text" in part ? part.text : "")).join(""), finish: answer.finish };
}

describe("an answer that is kept", () => {
  test("is told again without asking anybody, for nothing, and the evidence says whose it is, how old and what it saved", async () => {
    const { gateway, clock } = open();
    const call = callOf(gateway, {});
    const first = await hear(await gateway.call(call));
    clock.advance(1500);
    const second = await ask(gateway, {});
    expect(upstream.requests).toHaveLength(1);
    expect([first.cache, second.cache]).toEqual(["miss", "hit"]);
    expect(noteOf(first)).toEqual({ kind: "miss" });
    expect(noteOf(second)).toEqual({
      kind: "exact",
      ageMs: 1500,
      from: call.inferenceId,
      saved: first.outcome.cost!.amount,
      currency: "USD",
    });
    expect(first.outcome.cost).toMatchObject({ amount: "0.009" });
    expect(second.outcome).toMatchObject({
      cost: { amount: "0" },
      target: "one/ok",
      error: null,
      answer: { usage: { input: 0, output: 0 } },
    });
    expect(JSON.parse(second.text)).toMatchObject({ choices: [{ message: { content: scriptedText } }], usage: { completion_tokens: 9 } });
    expect(gateway.cache.report(call.origin.projectId)).toMatchObject({
      exact: 1,
      miss: 1,
      entries: 1,
      saved: [{ currency: "USD", amount: "0.009" }],
    });
  });

  const names = ["openai-chat", "openai-responses", "anthropic-messages"] as const;
  const ways = names.flatMap((dialect) => [false, true].map((stream) => ({ dialect, stream })));
  test.each(ways)("by $dialect (stream: $stream) is told in every dialect, whole and as a stream", async (first) => {
    const { gateway } = open();
    await ask(gateway, first);
    for (const way of ways) {
      const { text, cache } = await ask(gateway, way);
      expect([way, cache]).toEqual([way, "hit"]);
      expect(wordsOf(text, way.dialect, way.stream)).toEqual({ words: scriptedText, finish: "stop" });
    }
    expect(upstream.requests).toHaveLength(1);
  });

  test("streams again in the pieces it came in", async () => {
    const { gateway } = open();
    const pieces = async () => {
      const reply = await gateway.call(
        callOf(gateway, { model: "one/slow-between:15", stream: true, more: { stream_options: { include_usage: true } } }),
      );
      if (reply.kind !== "stream") throw new Error("whole");
      const texts: string[] = [];
      for await (const told of reply.texts) texts.push(told.text.replaceAll(/"(created|model|usage)":[^,}]+,?/g, ""));
      await reply.leave();
      return texts.map((text) => /"content":"([^"]*)"/.exec(text)?.[1]).filter((text) => text !== undefined);
    };
    const first = await pieces();
    expect(await pieces()).toEqual(first);
    expect(first.length).toBeGreaterThan(8);
    expect(upstream.requests).toHaveLength(1);
  });

  test("streams again with the pauses it came with", async () => {
    const { gateway } = open({ maxGapMs: 500 });
    const asked = { model: "one/slow-between:10", stream: true };
    await ask(gateway, asked);
    const startedAt = performance.now();
    expect((await ask(gateway, asked)).cache).toBe("hit");
    // Ten pauses of ten milliseconds; half of them may have passed while something else ran.
    expect(performance.now() - startedAt).toBeGreaterThan(50);
  });

  test("is told to nobody else, in no other project, and to everybody in it only where that is chosen", async () => {
    const others: TestAsk[] = [
      { origin: { principalId: "key:bob" } },
      { origin: { projectId: "7b6a4a9e-1111-4222-8333-444455556666" } },
      { origin: { principalId: "key:carl", rights: "narrow" } },
    ];
    const states = async (scope: string) => {
      const { gateway } = open({ scope });
      await ask(gateway, { origin: { rights: "wide" } });
      return Promise.all(
        [...others, { origin: { principalId: "key:eve", rights: "wide" } }].map(async (each) => (await ask(gateway, each)).cache),
      );
    };
    expect(await states("principal")).toEqual(["miss", "miss", "miss", "miss"]);
    expect(await states("rights")).toEqual(["miss", "miss", "miss", "hit"]);
    expect(await states("project")).toEqual(["hit", "miss", "hit", "hit"]);
  });

  test("is too old after its time", async () => {
    const { gateway, clock } = open();
    await ask(gateway, {});
    clock.advance(60_000);
    expect((await ask(gateway, {})).cache).toBe("hit");
    clock.advance(1);
    expect((await ask(gateway, {})).cache).toBe("miss");
    expect((await ask(gateway, {})).cache).toBe("hit");
  });

  test("is forgotten when it is cleared, even one that is under way then", async () => {
    const { gateway } = open();
    const { projectId, principalId } = callOf(gateway, {}).origin;
    await ask(gateway, {});
    const slow = ask(gateway, { model: "one/late-body:50" });
    await expect.poll(() => upstream.requests.length).toBe(2);
    expect(await gateway.cache.clear({ projectId, principalId })).toBe(1);
    await slow;
    expect(gateway.cache.report(projectId)).toMatchObject({ entries: 0, bytes: 0 });
    expect((await ask(gateway, {})).cache).toBe("miss");
  });
});

test("what cannot be audited is not cleared", async () => {
  const audit = () => Promise.reject(new Error("no database"));
  const gateway = openTestCache(upstream, { clock: createTestClock(), cache: { exact: { models: "all" } }, audit });
  await ask(gateway, {});
  await expect(gateway.cache.clear(callOf(gateway, {}).origin)).rejects.toThrow("no database");
  expect((await ask(gateway, {})).cache).toBe("hit");
});

describe("nothing is kept of", () => {
  test.each([
    ["an answer that was cut at its bound", { model: "one/length" }],
    ["an answer that calls tools", { model: "one/tools" }],
    ["a stream that broke off", { model: "one/reset-after:4", stream: true }],
    ["a stream without its end", { model: "one/clean-cut-after:4", stream: true }],
    ["a question at a temperature", { more: { temperature: 0.1 } }],
    ["a question at the provider's own temperature", { more: { temperature: undefined } }],
    ["several answers at once", { more: { n: 2 } }],
    ["what the caller wants unkept", { cacheControl: "no-store" }],
  ] as [string, TestAsk][])("%s", async (_what, asked) => {
    const { gateway } = open();
    for (let round = 0; round < 2; round++) expect((await ask(gateway, asked)).cache).not.toBe("hit");
    expect(upstream.requests).toHaveLength(2);
    expect(gateway.cache.report(callOf(gateway, {}).origin.projectId)).toMatchObject({ entries: 0, exact: 0 });
  });

  test("a failure", async () => {
    const { gateway } = open();
    const asked = { model: "one/status-then-ok:400:1" };
    await expect(ask(gateway, asked)).rejects.toMatchObject({ code: "provider_refused" });
    expect((await ask(gateway, asked)).cache).toBe("miss");
  });

  test("models that are not named", async () => {
    const { gateway } = open({ models: ["one/echo"] });
    expect((await ask(gateway, {})).cache).toBeUndefined();
    expect((await ask(gateway, { model: "one/echo" })).cache).toBe("miss");
  });

  test("a function's own questions, unless it is named", async () => {
    const asked = { origin: { function: "triage" } };
    expect((await ask(open().gateway, asked)).cache).toBeUndefined();
    const { gateway } = open({ models: undefined, functions: ["triage"] });
    expect([(await ask(gateway, asked)).cache, (await ask(gateway, asked)).cache, (await ask(gateway, {})).cache]).toEqual([
      "miss",
      "hit",
      undefined,
    ]);
  });
});

describe("what is configured", () => {
  test("keeps at any temperature, and answers that call tools", async () => {
    const { gateway } = open({ anyTemperature: true, toolCalls: true });
    const asked = { model: "one/tools", more: { temperature: 1 } };
    const [first, second] = [await ask(gateway, asked), await ask(gateway, asked)];
    expect([first.cache, second.cache]).toEqual(["miss", "hit"]);
    expect(JSON.parse(second.text).choices[0]).toMatchObject(JSON.parse(first.text).choices[0]);
  });

  test("names a model or a function, or is refused with its place", () => {
    expect(() => open({ models: undefined })).toThrow(/name models, functions, or both/);
    expect(() => open({ scope: "everybody" })).toThrow(/scope/);
  });
});

describe("the caller's cache-control", () => {
  test("has no-cache ask anew, and keeps what comes; max-age bounds the age", async () => {
    const { gateway, clock } = open();
    await ask(gateway, {});
    expect((await ask(gateway, { cacheControl: "no-cache" })).cache).toBe("miss");
    clock.advance(5000);
    expect((await ask(gateway, { cacheControl: "max-age=4" })).cache).toBe("miss");
    clock.advance(5000);
    expect((await ask(gateway, { cacheControl: "Max-Age=5" })).cache).toBe("hit");
    expect(upstream.requests).toHaveLength(3);
  });
});

describe("budgets", () => {
  test("are not used by what is told again", async () => {
    const more = { budgets: [{ name: "tokens", per: "project", limits: { tokens: 1000 }, windowSeconds: 60 }] };
    const { gateway } = open({}, more);
    await ask(gateway, {});
    const { projectId } = callOf(gateway, {}).origin;
    const before = await gateway.budgets.list(projectId, 10);
    for (let index = 0; index < 20; index++) expect((await ask(gateway, { stream: index % 2 === 0 })).cache).toBe("hit");
    expect(await gateway.budgets.list(projectId, 10)).toEqual(before);
    expect(before.items).toMatchObject([{ reserved: "0" }]);
  });
});
