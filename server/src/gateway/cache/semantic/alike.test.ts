import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../../test/scripted-upstream.ts";
import type { Gateway } from "../../create.ts";
import { writeTestEncoder } from "../../embeddings/imported/test-encoder.ts";
import { type TestAsk, ask, callOf, createTestClock, noteOf, openTestCache } from "../test-cache.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => void (upstream = await startScriptedUpstream()));
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

const fails = { name: "broken", embed: () => Promise.reject(new Error("away")) };

function open({
  semantic = {},
  exact = {},
  ...deps
}: { semantic?: object; exact?: object } & Partial<Parameters<typeof openTestCache>[1]> = {}) {
  const clock = createTestClock();
  const cache = {
    exact: { models: "all", functions: "all", ...exact },
    semantic: { models: "all", functions: ["triage"], precision: 0.9, verifyShare: 0.01, ...semantic },
  };
  return { clock, gateway: openTestCache(upstream, { ...deps, clock, cache }) };
}

/** Pairs of alike questions, all of which get the scripted answer. */
async function teach(gateway: Gateway, count: number, more: TestAsk = {}): Promise<void> {
  for (let index = 0; index < count; index++) await ask(gateway, { text: `How do I reset the password of account ${index}?`, ...more });
}

test("a question like a kept one is a shadow until the traffic of its function has shown how alike is alike enough, then a hit", async () => {
  const { gateway } = open();
  await teach(gateway, 20);
  const shadow = await ask(gateway, { text: "How do I reset the password of account 20?" });
  expect(shadow.cache).toBe("miss");
  expect(noteOf(shadow)).toMatchObject({ kind: "miss", near: { limit: null, isAlike: false, embedder: "lexical-1" } });
  expect(noteOf(shadow)["near"]).toMatchObject({ distance: expect.closeTo(0.03, 1), from: expect.any(String) });
  await teach(gateway, 60);
  const asked = upstream.requests.length;
  const hits = [];
  for (let index = 100; index < 110; index++) hits.push(await ask(gateway, { text: `How do I reset the password of account ${index}?` }));
  const told = hits.filter(({ cache }) => cache === "hit");
  expect(told.length).toBeGreaterThan(5);
  expect(upstream.requests.length).toBe(asked + hits.length - told.length);
  const note = noteOf(told[0]!);
  expect(note).toMatchObject({ kind: "semantic", from: expect.any(String), saved: "0.009", embedder: "lexical-1" });
  expect(note["distance"]).toBeLessThanOrEqual(note["limit"] as number);
  expect(told[0]!.outcome).toMatchObject({ cost: { amount: "0" }, answer: { usage: { output: 0 } } });
  const report = gateway.cache.report(callOf(gateway, {}).origin.projectId);
  expect(report.semantic).toBeGreaterThanOrEqual(told.length);
  expect(report).toMatchObject({ calibrations: [{ function: "model:one/ok", threshold: expect.any(Number) }] });
  expect(report.calibrations[0]!.precision.low).toBeGreaterThanOrEqual(0.9);
});

test("where alike questions have different answers there is never a hit", async () => {
  const { gateway } = open();
  await teach(gateway, 100, { model: "one/echo" });
  expect(gateway.cache.report(callOf(gateway, {}).origin.projectId)).toMatchObject({ semantic: 0, calibrations: [{ threshold: null }] });
  expect(upstream.requests).toHaveLength(100);
});

test("a part of the hits is asked all the same, and says so", async () => {
  const { gateway } = open({ semantic: { verifyShare: 1 } });
  await teach(gateway, 80);
  const asked = await ask(gateway, { text: "How do I reset the password of account 300?" });
  expect(asked.cache).toBe("miss");
  expect(noteOf(asked)).toMatchObject({ near: { isAlike: true } });
});

test.each([
  ["another's question", { origin: { principalId: "key:bob", rights: "wide" } }, "principal"],
  ["that of one with other rights", { origin: { principalId: "key:bob", rights: "narrow" } }, "rights"],
  [
    "one after another system prompt",
    {
      more: {
        messages: [
          { role: "system", content: "Be rude" },
          { role: "user", content: "How do I reset the password of account 7?" },
        ],
      },
    },
    "rights",
  ],
  ["one with other parameters", { more: { max_completion_tokens: 7 } }, "rights"],
  ["one of another function", { origin: { function: "triage", rights: "wide" } }, "rights"],
] as [string, TestAsk, string][])("never answers with %s", async (_what, other, scope) => {
  const { gateway } = open({ exact: { scope } });
  await teach(gateway, 60, { origin: { rights: "wide" } });
  const asked = await ask(gateway, { text: "How do I reset the password of account 7?", ...other });
  expect(asked.cache).toBe("miss");
  expect(noteOf(asked)).toEqual({ kind: "miss" });
});

test("answers who may do exactly the same, where that is chosen", async () => {
  const { gateway } = open({ exact: { scope: "rights" } });
  await teach(gateway, 60, { origin: { rights: "wide" } });
  const all = [];
  for (let index = 0; index < 5; index++)
    all.push(
      (
        await ask(gateway, {
          text: `How do I reset the password of account 7${index}!`,
          origin: { principalId: "key:bob", rights: "wide" },
        })
      ).cache,
    );
  expect(all).toContain("hit");
});

test.each([
  ["fails", { embedder: fails }, "internal"],
  ["does not come to an end", { embedder: { name: "broken", embed: () => new Promise<never>(() => {}) } }, "deadline_exceeded"],
  ["is not installed here", { semantic: { embedder: "onnx/use-lite" } }, "encoder_missing"],
] as [string, Parameters<typeof open>[0], string][])("an embedder that %s costs a hit and no answer", async (_what, options, code) => {
  const { gateway } = open(options);
  const [first, again] = [await ask(gateway, { text: "One" }), await ask(gateway, { text: "One" })];
  expect([first.cache, again.cache]).toEqual(["miss", "hit"]);
  expect(noteOf(first)).toMatchObject({ kind: "miss", notCompared: code });
  gateway.close();
});

test("an encoder of your own says how alike questions are; one that nobody has is told when the program starts", async () => {
  const { folder, path, tokenizer } = await writeTestEncoder();
  const onnx = { tiny: { path, tokenizer } };
  const { gateway } = open({ semantic: { embedder: "onnx/tiny" }, more: { onnx } });
  await ask(gateway, { text: "cat" });
  let index = 0;
  // Until its process has started: nobody waits for that longer than half a second.
  await expect
    .poll(async () => noteOf(await ask(gateway, { text: `dog dog ${"?".repeat((index += 1))}` })), { timeout: 20_000 })
    .toMatchObject({ near: { embedder: "onnx/tiny", distance: expect.any(Number) as number } });
  gateway.close();
  await rm(folder, { recursive: true });
  expect(() => open({ semantic: { embedder: "onnx/tiny" } })).toThrow(/known are onnx\/use-lite/);
});

test("alike answers need kept ones, and not for the whole project", () => {
  const clock = createTestClock();
  const semantic = { models: "all" };
  expect(() => openTestCache(upstream, { clock, cache: { semantic } })).toThrow(/cache\.exact/);
  expect(() => openTestCache(upstream, { clock, cache: { exact: { models: "all", scope: "project" }, semantic } })).toThrow(
    /who may see less/,
  );
});
