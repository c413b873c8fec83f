import Anthropic from "@anthropic-ai/sdk";
import type { BudgetCounts } from "@millrace/contract";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { alice, clearFunctions, mailSheet } from "../../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../../test/http.ts";
import { type ScriptedUpstream, scriptedText, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { createId } from "../../core/index.ts";
import { defineFunction, llm } from "../../functions/index.ts";
import { openTestGateway } from "../../gateway/budgets/test-gateway.ts";

const shorten = defineFunction({
  ...mailSheet,
  name: "shorten",
  latencyBudgetMs: 10_000,
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  variants: {
    asked: llm({ model: "one/ok", prompt: "{{text}}", output: (text) => ({ text }) }),
    cut: ({ text }) => ({ text: text.slice(0, 5) }),
  },
  fallback: ["asked", "cut"],
});

let store: TestStore;
let upstream: ScriptedUpstream;
let edge: TestHttp;

beforeAll(async () => {
  [store, upstream] = await Promise.all([createTestStore(), startScriptedUpstream()]);
  const gateway = openTestGateway(upstream, {
    budgets: [
      { name: "each", per: ["principal", "user"], windowSeconds: 3600, limits: { requests: 2, tokens: 10_000 } },
      { name: "network", match: { function: "shorten" }, per: "address", windowSeconds: 3600, limits: { requests: 2 } },
      { name: "all", per: "project", windowSeconds: 3600, limits: { costUsd: "5" }, unknownPrice: "allow", defaultOutputTokens: 100 },
    ],
    abuse: { slowAt: 4, blockAt: 4.5, halfLifeSeconds: 3600, maxDelayMs: 1 },
  });
  edge = await openTestHttp({ store, journalFolder: createId(), ports: { gateway }, gateway, definitions: [shorten] });
});
afterEach(() => void upstream.requests.splice(0));
afterAll(async () => {
  await edge.close();
  await clearFunctions(store);
  await upstream.close();
  await store.close();
});

const messages = [{ role: "user" as const, content: "Hello" }];

async function openClients(name: string) {
  const apiKey = await edge.createKey({
    name,
    roles: ["caller"],
    ...(name === "held" ? { limit: { requests: 1, windowSeconds: 1 } } : {}),
  });
  const openai = new OpenAI({ baseURL: `${edge.url}/v1`, apiKey, maxRetries: 0 });
  return { apiKey, openai, anthropic: new Anthropic({ baseURL: edge.url, apiKey, maxRetries: 0 }) };
}

async function readBudgets(key: string) {
  return edge.send({ path: "/api/gateway/budgets", key });
}

test("a call over its budget gets 429 in its own dialect, before anything is sent, and it is in the evidence", async () => {
  const { openai, anthropic } = await openClients("ada");
  const user = "u-1";
  await openai.chat.completions.create({ model: "one/ok", messages, user });
  for await (const _ of await openai.chat.completions.create({ model: "one/ok", messages, user, stream: true }));
  upstream.requests.splice(0);
  for (const stream of [false, true]) {
    const refused = await openai.chat.completions.create({ model: "one/ok", messages, user, stream }).catch((error: unknown) => error);
    if (!(refused instanceof OpenAI.RateLimitError)) throw refused;
    expect(refused).toMatchObject({ code: "budget_exceeded", message: expect.stringContaining('"each"') });
    expect(refused.message).toContain("user u-1");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3000);
  }
  const refused = await anthropic.messages
    .create({ model: "two/ok", max_tokens: 10, messages, metadata: { user_id: user } })
    .catch((error: unknown) => error);
  if (!(refused instanceof Anthropic.RateLimitError)) throw refused;
  expect(refused.error).toMatchObject({ type: "error", error: { type: "rate_limit_error", message: expect.stringContaining('"each"') } });
  expect(upstream.requests).toEqual([]);
  await openai.chat.completions.create({ model: "one/ok", messages, user: "u-2" });
  const list = async () => (await edge.functions.listInferences(alice, { function: "model:one/ok", limit: 10 })).items;
  await expect.poll(async () => (await list()).map(({ error }) => error)).toEqual([null, "budget_exceeded", "budget_exceeded", null, null]);
  const [newest, over] = await Promise.all((await list()).slice(0, 2).map(({ id }) => edge.functions.getInference(alice, id)));
  expect(newest!.produced["budgets"]).toEqual(["each", "all"]);
  expect(over!.steps).toMatchObject([{ name: "budget:each", kind: "admission", status: "failed", error: "budget_exceeded" }]);
});

test("the budgets in use are told to who may read them, and settle to what was spent", async () => {
  const { openai, apiKey } = await openClients("bob");
  await openai.chat.completions.create({ model: "one/ok", messages, user: "u-9" });
  const answer = await readBudgets(edge.adminKey);
  expect(answer.status).toBe(200);
  const { store: kept, items } = answer.json<BudgetCounts>();
  expect(kept).toBe("memory");
  const mine = items.filter(({ bucket }) => bucket["user"] === "u-9");
  expect(mine).toMatchObject([
    { budget: "each", kind: "tokens", limit: "10000", reserved: "0", windowSeconds: 3600, resetsAt: expect.any(String) },
    { budget: "each", kind: "requests", limit: "2", used: "1", left: "1", reserved: "0" },
  ]);
  expect(items.find(({ budget }) => budget === "all")).toMatchObject({ kind: "costUsd", limit: "5", reserved: "0" });
  expect((await readBudgets(apiKey)).status).toBe(403);
  const viewer = await edge.createKey({ name: "viewer", roles: ["viewer"] });
  expect((await readBudgets(viewer)).status).toBe(200);
});

test("a principal that runs against limits again and again is blocked for a while, and told until when", async () => {
  const codeOf = ({ openai }: { openai: OpenAI }) =>
    openai.chat.completions.create({ model: "one/ok", messages, user: "u-1" }).then(
      () => "ok",
      (error: { code: unknown }) => error.code,
    );
  const carol = await openClients("carol");
  const codes: unknown[] = [];
  for (let index = 0; index < 8; index++) codes.push(await codeOf(carol));
  expect(codes).toEqual(["ok", "ok", ...Array.from({ length: 5 }, () => "budget_exceeded"), "abuse_blocked"]);
  // The limit of a key counts as well, which is looked at before: the block shows when the limit has room again.
  const held = await openClients("held");
  for (let index = 0; index < 6; index++) await codeOf(held);
  await expect.poll(() => codeOf(held)).toBe("abuse_blocked");
});

test("a count of tokens is a request like every other, and takes no tokens and no money", async () => {
  const { anthropic } = await openClients("dora");
  const count = () => anthropic.messages.countTokens({ model: "one/ok", messages });
  await count();
  await count();
  upstream.requests.splice(0);
  const refused = await count().catch((error: unknown) => error);
  if (!(refused instanceof Anthropic.RateLimitError)) throw refused;
  expect(refused.error).toMatchObject({ error: { message: expect.stringContaining('"each"') } });
  expect(upstream.requests).toEqual([]);
  const { items } = (await readBudgets(edge.adminKey)).json<BudgetCounts>();
  // All other calls here name an end user.
  const own = items.filter(({ budget, bucket }) => budget === "each" && bucket["user"] === "");
  expect(own.map(({ kind, used, reserved }) => [kind, used, reserved])).toEqual([["requests", "2", "0"]]);
});

test("calls that a function makes count for the address of who asked it, over either door", async () => {
  const { openai } = await openClients("emil");
  const text = "A long text";
  const infer = () => edge.send({ method: "POST", path: "/api/functions/shorten/infer", key: edge.adminKey, body: { input: { text } } });
  const asModel = async () =>
    (await openai.chat.completions.create({ model: "fn/shorten", messages: [{ role: "user", content: text }] })).choices[0]!.message
      .content;
  expect((await infer()).json()).toMatchObject({ variant: "asked", output: { text: scriptedText } });
  expect(await asModel()).toBe(scriptedText);
  expect((await infer()).json()).toMatchObject({ variant: "cut" });
  expect(await asModel()).toBe("A lon");
  const { items } = (await readBudgets(edge.adminKey)).json<BudgetCounts>();
  expect(items.filter(({ budget }) => budget === "network")).toMatchObject([{ bucket: { address: "127.0.0.1" }, used: "2" }]);
});
