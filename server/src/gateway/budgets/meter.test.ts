import fc from "fast-check";
import { expect, test } from "vitest";
import { createManualClock } from "../../core/index.ts";
import { parseDecimal } from "../money/decimal.ts";
import type { Spender } from "./buckets.ts";
import { budgetSchema } from "./config.ts";
import { listCounts } from "./list-counts.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { createMeter } from "./meter.ts";

const spender: Spender = { projectId: "p", principalId: "key:ada", function: "f", models: ["m"], address: null, user: null, tags: {} };

function open(limits: Record<string, unknown>) {
  const clock = createManualClock(1_800_000_000_000);
  const budgets = [budgetSchema.parse({ name: "b", per: "project", windowSeconds: 3600, limits })];
  const ledger = createMemoryLedger({ clock });
  const list = async () => {
    const counts = await listCounts("p", 10, { budgets, ledger, clock });
    return Object.fromEntries(counts.map((count) => [count.kind, count]));
  };
  return { meter: createMeter({ budgets, ledger, clock }), list };
}

function forecast(tokens: number, costUsd: string) {
  return { of: () => ({ tokens, costUsd: parseDecimal(costUsd) }) };
}

test("what is settled adds up to what was spent, to the billionth of a dollar and never less", async () => {
  const nanos = fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000_000)), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(nanos, async (calls) => {
      const { meter, list } = open({ tokens: 100_000_000, costUsd: "1000" });
      for (const [tokens, cost] of calls) {
        const hold = await meter.hold(spender, forecast(tokens, "2"), 1000);
        hold.settle({ tokens, costUsd: BigInt(cost) * 1000n });
        hold.settle({ tokens: 1, costUsd: 1n });
      }
      const { tokens, costUsd } = await list();
      expect(Number(tokens?.used ?? 0)).toBe(calls.reduce((sum, [each]) => sum + each, 0));
      const paid = calls.reduce((sum, [, cost]) => sum + BigInt(cost) * 1000n, 0n);
      expect(parseDecimal(costUsd?.used ?? "0")).toBe(paid);
    }),
  );
});

test("a fraction of the smallest coin counts as a whole one", async () => {
  const { meter, list } = open({ costUsd: "1" });
  (await meter.hold(spender, forecast(1, "0.5"), 1000)).settle({ tokens: 1, costUsd: 1n });
  expect((await list())["costUsd"]).toMatchObject({ used: "0.000000001", left: "0.999999999" });
});

test.each([
  ["less than nothing", -5],
  ["no number", Number.NaN],
  ["a fraction", 1.5],
  ["more than can be counted", 2 ** 60],
  ["without end", Number.POSITIVE_INFINITY],
])("a provider that tells %s gives nobody room: the reservation stays", async (_, tokens) => {
  const { meter, list } = open({ tokens: 100 });
  (await meter.hold(spender, forecast(40, "0"), 1000)).settle({ tokens, costUsd: -1n });
  expect((await list())["tokens"]).toMatchObject({ used: "40", reserved: "0", left: "60" });
});

test.each([-5, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY])("a call that says it takes %s is more than any budget", async (tokens) => {
  const { meter, list } = open({ tokens: 100 });
  await expect(meter.hold(spender, forecast(tokens, "0"), 1000)).rejects.toMatchObject({ code: "budget_exceeded" });
  expect(await list()).toEqual({});
});

test("what is spent and cannot be known counts as it was reserved", async () => {
  const { meter, list } = open({ costUsd: "1" });
  (await meter.hold(spender, forecast(1, "0.25"), 1000)).settle({ tokens: 1, costUsd: null });
  expect((await list())["costUsd"]).toMatchObject({ used: "0.25", left: "0.75" });
});

test("what is owed already is charged whatever is left, and leaves nothing for the next", async () => {
  const { meter, list } = open({ tokens: 100, requests: 10 });
  const owed = { tokens: 70, costUsd: null, requests: 0 };
  expect(await meter.charge(spender, owed)).toEqual(["b"]);
  await meter.charge(spender, owed);
  expect(await list()).toMatchObject({ tokens: { used: "140", reserved: "0", left: "0" } });
  await expect(meter.hold(spender, forecast(1, "0"), 1000)).rejects.toMatchObject({ code: "budget_exceeded" });
  expect(await meter.charge({ ...spender, function: "g" }, { tokens: 1, costUsd: null })).toEqual(["b"]);
  expect(await list()).toMatchObject({ requests: { used: "1" } });
});
