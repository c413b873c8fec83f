import type { CacheReport } from "@millrace/contract";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { alice, clearFunctions } from "../../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../../test/http.ts";
import { type ScriptedUpstream, scriptedText, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { createId } from "../../core/index.ts";
import { createTestClock, openTestCache } from "../../gateway/cache/test-cache.ts";

const clock = createTestClock();
let store: TestStore;
let upstream: ScriptedUpstream;
let edge: TestHttp;

beforeAll(async () => {
  [store, upstream] = await Promise.all([createTestStore(), startScriptedUpstream()]);
  const gateway = openTestCache(upstream, {
    clock,
    cache: { exact: { models: "all", ttlSeconds: 60, staleSeconds: 600, scope: "rights", maxGapMs: 0 } },
    audit: (context, change) => store.sql.as(context, (tx) => edge.governance.audit(tx, change)),
  });
  edge = await openTestHttp({ store, journalFolder: createId(), ports: { gateway } });
});
afterEach(() => void upstream.requests.splice(0));
afterAll(async () => {
  await edge.close();
  await clearFunctions(store);
  await upstream.close();
  await store.close();
});

async function openClients(name: string, more: Record<string, unknown> = {}) {
  const apiKey = await edge.createKey({ name, roles: ["caller"], ...more });
  const openai = new OpenAI({ baseURL: `${edge.url}/v1`, apiKey, maxRetries: 0 });
  return { openai, anthropic: new Anthropic({ baseURL: edge.url, apiKey, maxRetries: 0 }) };
}

/** All inferences of a model, once there are as many as told, the newest first. */
async function evidence(model: string, count: number) {
  const list = async () => (await edge.functions.listInferences(alice, { function: `model:${model}`, limit: 20 })).items;
  await expect.poll(async () => (await list()).length).toBe(count);
  return Promise.all((await list()).map(({ id }) => edge.functions.getInference(alice, id)));
}

const asked = (model: string) => ({
  model,
  temperature: 0,
  max_completion_tokens: 50,
  messages: [{ role: "user" as const, content: "Hello" }],
});

test("one asks in OpenAI's dialect, another with the same rights in Anthropic's: told from what is kept, each with evidence of its own", async () => {
  const [ada, bob, carl] = await Promise.all([
    openClients("ada"),
    openClients("bob"),
    openClients("carl", { functions: ["model:one/ok"] }),
  ]);
  const first = await ada.openai.chat.completions.create(asked("one/ok")).withResponse();
  expect(first.response.headers.get("x-millrace-cache")).toBe("miss");
  const question = { model: "one/ok", temperature: 0, max_tokens: 50, messages: [{ role: "user" as const, content: "Hello" }] };
  const second = await bob.anthropic.messages.create(question).withResponse();
  expect(second.response.headers.get("x-millrace-cache")).toBe("hit");
  expect(second.data).toMatchObject({
    content: [{ type: "text", text: scriptedText }],
    stop_reason: "end_turn",
    usage: { output_tokens: 9 },
  });
  const third = await bob.openai.chat.completions.create({ ...asked("one/ok"), stream: true }).withResponse();
  let text = "";
  for await (const chunk of third.data) text += chunk.choices[0]?.delta.content ?? "";
  expect([text, third.response.headers.get("x-millrace-cache")]).toEqual([scriptedText, "hit"]);
  const other = await carl.openai.chat.completions.create(asked("one/ok")).withResponse();
  expect(other.response.headers.get("x-millrace-cache")).toBe("miss");
  expect(upstream.requests).toHaveLength(2);
  const found = await evidence("one/ok", 4);
  const from = first.response.headers.get("x-millrace-inference");
  const hits = found.filter(({ produced }) => (produced["cache"] as { kind: string }).kind === "exact");
  expect(hits).toHaveLength(2);
  for (const hit of hits) {
    expect(hit).toMatchObject({ status: "ok", variant: "one/ok", caller: expect.stringMatching(/^key:bob/), steps: [] });
    expect(hit.produced).toMatchObject({ cost: { amount: "0" }, usage: { output: 0 }, cache: { from, saved: "0.009", currency: "USD" } });
  }
});

test("a caller's cache-control is heard, and a model that is not asked the same way tells nothing of a cache", async () => {
  const { openai } = await openClients("eve");
  const ask = async (headers: Record<string, string>, more = {}) =>
    (await openai.chat.completions.create({ ...asked("one/echo"), ...more }, { headers }).withResponse()).response.headers.get(
      "x-millrace-cache",
    );
  expect(await ask({})).toBe("miss");
  expect(await ask({})).toBe("hit");
  expect(await ask({ "cache-control": "no-cache" })).toBe("miss");
  expect(await ask({ "cache-control": "no-store" })).toBeNull();
  expect(await ask({}, { temperature: 1 })).toBeNull();
});

test("behind a stale answer a new one is an inference of its own, on the same behalf", async () => {
  const { openai } = await openClients("fay");
  const first = await openai.chat.completions.create(asked("two/ok")).withResponse();
  clock.advance(120_000);
  const stale = await openai.chat.completions.create(asked("two/ok")).withResponse();
  expect(stale.response.headers.get("x-millrace-cache")).toBe("stale");
  const found = await evidence("two/ok", 3);
  const refreshed = found.find(({ produced }) => "refreshes" in produced)!;
  expect(refreshed).toMatchObject({ status: "ok", caller: expect.stringMatching(/^key:fay/), input: { model: "two/ok" } });
  expect(refreshed.produced).toMatchObject({ refreshes: first.response.headers.get("x-millrace-inference"), cost: { amount: "0.009" } });
  expect(refreshed.steps).toMatchObject([{ name: "two/ok", kind: "llm", status: "ok" }]);
});

test("who may sees what is kept, and who may clears it, which stands in the audit log", async () => {
  const key = edge.adminKey;
  const report = (await edge.send({ path: "/api/gateway/cache", key })).json<CacheReport>();
  expect(report.entries).toBeGreaterThan(0);
  expect(report).toMatchObject({ exact: expect.any(Number), stale: 1, calibrations: [] });
  const reader = await edge.createKey({ name: "reader", roles: ["viewer"] });
  expect((await edge.send({ path: "/api/gateway/cache", key: reader })).status).toBe(200);
  expect((await edge.send({ method: "DELETE", path: "/api/gateway/cache", key: reader })).problem().code).toBe("forbidden");
  expect((await edge.send({ method: "DELETE", path: "/api/gateway/cache", key })).json()).toEqual({ cleared: report.entries });
  expect((await edge.send({ path: "/api/gateway/cache", key })).json()).toMatchObject({ entries: 0, bytes: 0, stale: 1 });
  const { items } = await edge.governance.auditLog.list(alice, { limit: 5, action: "gateway.clear-cache" });
  expect(items).toMatchObject([{ object: "gateway:cache", after: { entries: report.entries } }]);
});
