import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type TestRedis, redisProgram, startTestRedis } from "../../../test/redis.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { defaultProjectId, secret } from "../../core/index.ts";
import type { Gateway } from "../create.ts";
import { sumCosts } from "../money/sum.ts";
import { openTestGateway } from "./test-gateway.ts";
import { readReply, testCall } from "../test-call.ts";

let redis: TestRedis | undefined;
let upstream: ScriptedUpstream;
const nodes: Gateway[] = [];

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  if (redisProgram === undefined) return;
  redis = await startTestRedis();
  vi.stubEnv("MILLRACE_TEST_REDIS_URL", redis.url);
  const budgets = ["strict", "lenient"].map((name) => ({
    name,
    per: "project",
    match: { model: name === "strict" ? "one/*" : "two/*" },
    windowSeconds: 3600,
    limits: { costUsd: "1" },
    whenStoreIsAway: name === "strict" ? "refuse" : "local",
  }));
  const shared = { url: secret("MILLRACE_TEST_REDIS_URL"), timeoutMs: 2000, localShare: 0.1 };
  for (let node = 0; node < 2; node++) nodes.push(openTestGateway(upstream, { budgets, redis: shared }));
});
afterAll(async () => {
  for (const node of nodes) node.close();
  await redis?.stop();
  await upstream.close();
  vi.unstubAllEnvs();
});

async function ask(node: Gateway, model: string, more: { maxTokens?: number; stream?: boolean } = {}) {
  return readReply(await node.call(testCall(node, { model, maxTokens: 12, ...more })));
}

test("200 callers of two nodes at once spend one dollar between them, and not more", async (context) => {
  if (redis === undefined) context.skip("redis-server is not installed here");
  const paid: ReturnType<typeof sumCosts>[] = [];
  for (let wave = 0; wave < 60; wave++) {
    const asked = Array.from({ length: 200 }, (_, index) => ask(nodes[index % 2]!, "one/slow-first:5", { stream: index % 3 === 0 }));
    const settled = await Promise.allSettled(asked);
    for (const each of settled) {
      if (each.status === "fulfilled") paid.push(each.value.cost!);
      else expect(each.reason).toMatchObject({ code: "budget_exceeded" });
    }
    const reserved = async () => (await nodes[0]!.budgets.list(defaultProjectId, 10)).items.map((item) => item.reserved);
    await expect.poll(reserved).toEqual(["0"]);
    if (settled.every(({ status }) => status === "rejected")) break;
  }
  const { amount } = sumCosts(paid);
  expect(Number(amount)).toBeLessThanOrEqual(1);
  expect(Number(amount)).toBeGreaterThan(0.98);
  const lists = await Promise.all(nodes.map((node) => node.budgets.list(defaultProjectId, 10)));
  for (const list of lists) expect(list).toMatchObject({ store: "shared", items: [{ budget: "strict", used: amount, reserved: "0" }] });
});

test("without their store one budget refuses, and the other goes on with a node's share", async (context) => {
  if (redis === undefined) context.skip("redis-server is not installed here");
  await redis!.stop();
  await expect(ask(nodes[0]!, "one/ok")).rejects.toMatchObject({ code: "budget_unavailable", status: 503 });
  // A tenth of the dollar is this node's; twelve tokens of the other model are 2.4 cents.
  expect((await ask(nodes[0]!, "two/ok")).error).toBeNull();
  await expect(ask(nodes[0]!, "two/ok", { maxTokens: 51 })).rejects.toMatchObject({ code: "budget_exceeded" });
  const { store, items } = await nodes[0]!.budgets.list(defaultProjectId, 10);
  expect(store).toBe("local");
  expect(items).toMatchObject([{ budget: "lenient", reserved: "0" }]);
});
