import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createId } from "../../core/index.ts";
import type { CallOutcome, OpenedCall } from "../stage.ts";
import { ask, callOf, createTestClock, openTestCache } from "./test-cache.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => void (upstream = await startScriptedUpstream()));
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

function open(more = {}) {
  const clock = createTestClock();
  const closed: { id: string; outcome: CallOutcome }[] = [];
  const reopen = (): OpenedCall => {
    const inferenceId = createId();
    const evidence = { step: () => {}, elapsed: () => 0 };
    return { inferenceId, evidence, close: async (outcome) => void closed.push({ id: inferenceId, outcome }) };
  };
  const cache = { exact: { models: "all", ttlSeconds: 60, staleSeconds: 60 } };
  return { clock, closed, reopen, gateway: openTestCache(upstream, { clock, cache, more }) };
}

test("a stale answer is told at once, and one new answer is fetched behind it, as an inference that pays", async () => {
  const { gateway, clock, closed, reopen } = open();
  const first = callOf(gateway, { reopen });
  await gateway.call(first);
  clock.advance(90_000);
  const all = await Promise.all([1, 2, 3].map(() => ask(gateway, { reopen })));
  expect(all.map(({ cache }) => cache)).toEqual(["stale", "stale", "stale"]);
  for (const { outcome } of all)
    expect(outcome).toMatchObject({ cost: { amount: "0" }, notes: { cache: { kind: "stale", ageMs: 90_000 } } });
  await expect.poll(() => closed.length).toBe(1);
  expect(upstream.requests).toHaveLength(2);
  const [{ id, outcome }] = closed as [(typeof closed)[number]];
  expect(outcome).toMatchObject({
    error: null,
    cost: { amount: "0.009" },
    notes: { refreshes: first.inferenceId, cache: { kind: "miss" } },
  });
  const next = await ask(gateway, { reopen });
  expect(next).toMatchObject({ cache: "hit", outcome: { notes: { cache: { kind: "exact", ageMs: 0, from: id } } } });
});

test("a stream's stale answer is made new as a stream", async () => {
  const { gateway, clock, closed, reopen } = open();
  await ask(gateway, { stream: true, reopen });
  clock.advance(90_000);
  expect((await ask(gateway, { stream: true, reopen })).cache).toBe("stale");
  await expect.poll(() => closed.length).toBe(1);
  expect(upstream.requests.map(({ body }) => body["stream"])).toEqual([true, true]);
});

test("what is refused behind a stale answer is written down, and the old answer stays", async () => {
  const { gateway, clock, closed, reopen } = open({
    budgets: [{ name: "one", per: "project", limits: { requests: 2 }, windowSeconds: 3600 }],
  });
  await ask(gateway, { reopen });
  clock.advance(90_000);
  expect((await ask(gateway, { reopen })).cache).toBe("stale");
  await expect.poll(() => closed.length).toBe(1);
  // It is budgeted like every other call.
  expect(closed[0]!.outcome).toMatchObject({ answer: null, error: { code: "budget_exceeded" } });
  expect(upstream.requests).toHaveLength(1);
  expect(gateway.cache.report(callOf(gateway, {}).origin.projectId)).toMatchObject({ entries: 1 });
});

test("nothing is stale for who cannot open an inference behind it, and past its time nothing is told", async () => {
  const { gateway, clock, closed, reopen } = open();
  await ask(gateway, {});
  clock.advance(90_000);
  expect((await ask(gateway, {})).cache).toBe("miss");
  clock.advance(120_001);
  expect((await ask(gateway, { reopen })).cache).toBe("miss");
  expect(closed).toEqual([]);
});
