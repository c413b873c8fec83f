import type { GatewayModels, ModelTraffic } from "@millrace/contract";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { alice, clearFunctions } from "../../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../../test/http.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { createId, secret } from "../../core/index.ts";
import { type RoutingWorld, openRoutingWorld } from "../../gateway/routing/test-routing.ts";

const keys = [secret("MILLRACE_TEST_MODELS_A"), secret("MILLRACE_TEST_MODELS_B")];
let store: TestStore;
let world: RoutingWorld;
let edge: TestHttp;

beforeAll(async () => {
  for (const [index, letter] of ["A", "B"].entries()) vi.stubEnv(`MILLRACE_TEST_MODELS_${letter}`, `text-of-key-${index}`);
  [store, world] = await Promise.all([
    createTestStore(),
    openRoutingWorld({
      providers: { one: { keys }, two: { dialect: "anthropic" } },
      models: { careful: ["one/status:500", "two/ok"] },
      more: { prices: [{ provider: "two", model: "*", from: "2020-01-01", perMillion: { input: "0", output: "1000" } }] },
    }),
  ]);
  edge = await openTestHttp({ store, journalFolder: createId(), ports: { gateway: world.gateway } });
});
afterAll(async () => {
  await edge.close();
  await clearFunctions(store);
  await world.close();
  await store.close();
  vi.unstubAllEnvs();
});

const get = async <Answer>(path: string, token: string) => {
  const response = await fetch(`${edge.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.clone().text(), body: (await response.json()) as Answer };
};
const ask = (model: string, token: string) =>
  fetch(`${edge.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
  });

test("models, their targets and what was asked of them are told to who may read them, and no key is", async () => {
  const [caller, viewer] = await Promise.all([
    edge.createKey({ name: "caller", roles: ["caller"] }),
    edge.createKey({ name: "viewer", roles: ["viewer"] }),
  ]);
  for (const model of ["careful", "careful", "two/ok", "one/status:418"]) await ask(model, caller);
  const models = await get<GatewayModels>("/api/gateway/models", viewer);
  expect(models.status).toBe(200);
  expect(models.text).not.toContain("text-of-key");
  expect(models.body.aliases).toMatchObject([{ name: "careful", choose: "order", targets: ["one/status:500", "two/ok"] }]);
  expect(models.body.targets.map(({ name, tries, failures }) => [name, tries, failures])).toEqual([
    ["one/status:500", 2, 2],
    ["two/ok", 3, 0],
    ["one/status:418", 1, 0],
  ]);

  const list = async () => (await edge.functions.listInferences(alice, { limit: 20 })).items;
  await expect.poll(async () => (await list()).length).toBe(4);
  const traffic = await get<ModelTraffic>("/api/gateway/traffic?hours=1", viewer);
  expect(traffic.body.capped).toBe(false);
  const rows = traffic.body.items.toSorted((one, other) => one.model.localeCompare(other.model));
  expect(rows).toMatchObject([
    { model: "careful", target: "two/ok", requests: 2, failures: 0, fallbacks: 2, costUsd: "0.018", costUnknown: 0 },
    { model: "one/status:418", target: "one/status:418", requests: 1, failures: 1, costUsd: null, costUnknown: 0 },
    { model: "two/ok", target: "two/ok", requests: 1, fallbacks: 0, costUsd: "0.009", costUnknown: 0 },
  ]);
  expect(rows[0]!.p50Ms).toBeGreaterThan(0);

  const refused = await Promise.all(["models", "traffic"].map((path) => get(`/api/gateway/${path}`, caller)));
  expect(refused.map(({ status }) => status)).toEqual([403, 403]);
});

test("what PostgreSQL cannot read of an answer has an unknown cost, and the rest is counted", async () => {
  const call = edge.functions.openModelCall({
    caller: alice,
    function: "model:two/odd",
    variant: "two/odd",
    input: "{}",
    startedAt: performance.now(),
    traceId: undefined,
    budgetMs: 1000,
  });
  const cost = { amount: "1", currency: "USD" };
  await call.close({ status: "ok", error: null, variant: "two/odd", output: "null", produced: { model: "odd\0", cost } });
  const odd = async () => (await edge.functions.modelTraffic(alice, { hours: 1 })).items.find(({ model }) => model === "two/odd");
  await expect.poll(odd).toMatchObject({ requests: 1, costUsd: null, costUnknown: 1 });
});
