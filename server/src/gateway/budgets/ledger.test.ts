import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type TestRedis, redisProgram, startTestRedis } from "../../../test/redis.ts";
import { type Clock, createId, createManualClock, silentLogger } from "../../core/index.ts";
import type { Ledger, LedgerLine, LineState, Reserved } from "./ledger.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { createRedisConnection } from "../shared-store/connection.ts";
import { createRedisLedger } from "./redis-ledger.ts";

const start = 1_800_000_000_000;
const windowMs = 16_000;
const closers: (() => void)[] = [];
let redis: Promise<TestRedis> | undefined;
afterAll(async () => {
  for (const close of closers) close();
  await (await redis)?.stop();
});

async function openRedisLedger(clock: Clock): Promise<Ledger> {
  const { url } = await (redis ??= startTestRedis());
  const connection = createRedisConnection({ url: { reveal: () => url }, timeoutMs: 5000, logger: silentLogger });
  closers.push(() => connection.close());
  // A prefix of its own: every ledger begins empty.
  return createRedisLedger({ connection, prefix: createId(), clock });
}

function line(key: string, limit: number, amount: number, more: Partial<LedgerLine> = {}): LedgerLine {
  return { key, owner: "project", group: "budget", windowMs, limit, amount, held: true, whenStoreIsAway: "refuse", ...more };
}

async function stateOf(ledger: Ledger, key: string) {
  const [state] = await ledger.read([{ key, group: "budget", windowMs }]);
  return state!;
}

function settleOf(reserved: Reserved): (amounts: readonly number[]) => void {
  if (!reserved.ok) throw new Error("It was refused.");
  return reserved.settle;
}

const kinds = [
  { kind: "in memory", runs: 100, open: async (clock: Clock): Promise<Ledger> => createMemoryLedger({ clock }) },
  { kind: "in Redis", runs: 15, open: openRedisLedger },
];

describe.each(kinds)("a ledger $kind", ({ kind, runs, open }) => {
  beforeEach((context) => {
    if (kind === "in Redis" && redisProgram === undefined) context.skip("redis-server is not installed here");
  });

  test("holds what is reserved, and counts what it came to", async () => {
    const ledger = await open(createManualClock(start));
    const settle = settleOf(await ledger.reserve([line("a", 100, 60)], 1000));
    expect(await stateOf(ledger, "a")).toEqual({ used: 0, reserved: 60, waitMs: null });
    expect(await ledger.reserve([line("a", 100, 41)], 1000)).toMatchObject({ ok: false, shortage: { left: 40, waitMs: 1000 } });
    settle([25]);
    await expect.poll(() => stateOf(ledger, "a")).toEqual({ used: 25, reserved: 0, waitMs: expect.any(Number) });
    expect((await ledger.reserve([line("a", 100, 75)], 1000)).ok).toBe(true);
  });

  test("takes all lines or none, and says which fell short", async () => {
    const ledger = await open(createManualClock(start));
    settleOf(await ledger.reserve([line("a", 100, 10), line("b", 5, 5)], 1000));
    const refused = await ledger.reserve([line("a", 100, 10), line("b", 5, 1)], 1000);
    expect(refused).toMatchObject({ ok: false, shortage: { line: { key: "b" }, left: 0 } });
    expect(await stateOf(ledger, "a")).toMatchObject({ reserved: 10, used: 0 });
  });

  test("settles once, whoever asks twice", async () => {
    const ledger = await open(createManualClock(start));
    const settle = settleOf(await ledger.reserve([line("a", 100, 50)], 1000));
    settle([30]);
    settle([30]);
    settleOf(await ledger.reserve([line("a", 100, 1)], 1000))([1]);
    await expect.poll(() => stateOf(ledger, "a")).toMatchObject({ used: 31, reserved: 0 });
  });

  test("counts at once what is not held, and settles nothing of it", async () => {
    const ledger = await open(createManualClock(start));
    const settle = settleOf(await ledger.reserve([line("requests", 2, 1, { held: false }), line("tokens", 50, 10)], 1000));
    expect(await stateOf(ledger, "requests")).toMatchObject({ used: 1, reserved: 0 });
    settle([0, 4]);
    await expect.poll(() => stateOf(ledger, "tokens")).toMatchObject({ used: 4, reserved: 0 });
    expect(await stateOf(ledger, "requests")).toMatchObject({ used: 1, reserved: 0 });
  });

  test("takes what nobody settled for spent, when its lease is over", async () => {
    const clock = createManualClock(start);
    const ledger = await open(clock);
    const settle = settleOf(await ledger.reserve([line("a", 100, 80)], 2000));
    clock.advance(2001);
    expect((await ledger.reserve([line("a", 100, 21)], 2000)).ok).toBe(false);
    expect(await stateOf(ledger, "a")).toMatchObject({ used: 80, reserved: 0 });
    settle([1]);
    settleOf(await ledger.reserve([line("a", 100, 20)], 2000))([20]);
    await expect.poll(() => stateOf(ledger, "a")).toMatchObject({ used: 100, reserved: 0 });
  });

  test("has room again when it says so, and not before the window is over", async () => {
    const clock = createManualClock(start);
    const ledger = await open(clock);
    settleOf(await ledger.reserve([line("a", 100, 100)], 1000))([100]);
    await expect.poll(() => stateOf(ledger, "a")).toMatchObject({ used: 100 });
    clock.advance(windowMs - 1);
    const refused = await ledger.reserve([line("a", 100, 1)], 1000);
    if (refused.ok) throw new Error("It was taken within the window.");
    expect(refused.shortage.waitMs).toBeLessThanOrEqual(windowMs / 16 + 1);
    clock.advance(refused.shortage.waitMs!);
    expect((await ledger.reserve([line("a", 100, 100)], 1000)).ok).toBe(true);
  });

  test("says never of what is more than the limit", async () => {
    const ledger = await open(createManualClock(start));
    expect(await ledger.reserve([line("a", 100, 101)], 1000)).toMatchObject({ ok: false, shortage: { left: 100, waitMs: null } });
  });

  test("holds nothing of a price that was not known, and counts it when it is", async () => {
    const ledger = await open(createManualClock(start));
    settleOf(await ledger.reserve([line("a", 100, 0)], 1000))([7]);
    await expect.poll(() => stateOf(ledger, "a")).toMatchObject({ used: 7, reserved: 0 });
  });

  test("lists the counts of one owner, the newest first", async () => {
    const clock = createManualClock(start);
    const ledger = await open(clock);
    for (const key of ["a", "b", "c"]) {
      await ledger.reserve([line(key, 10, 1, { group: key === "b" ? "other" : "budget" })], 60_000);
      clock.advance(1);
    }
    await ledger.reserve([line("foreign", 10, 1, { owner: "another" })], 60_000);
    expect(await ledger.keys("project", 10)).toEqual(["c", "b", "a"]);
    expect(await ledger.keys("project", 2)).toEqual(["c", "b"]);
  });

  test("never goes over a limit nor below zero, and what is settled sums up to what was spent", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("reserve" as const), amount: fc.nat(40), other: fc.nat(10) }),
      fc.record({ do: fc.constant("settle" as const), which: fc.nat(), share: fc.integer({ min: 0, max: 100 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const ledger = await open(createManualClock(start));
        const under: { amount: number; other: number; settle: (amounts: readonly number[]) => void }[] = [];
        const spent = { a: 0, b: 0 };
        for (const each of steps) {
          if (each.do === "reserve") {
            const { amount, other } = each;
            const reserved = await ledger.reserve([line("a", 100, amount), line("b", 30, other)], 60_000);
            if (reserved.ok) under.push({ amount, other, settle: reserved.settle });
          } else if (under.length > 0) {
            const [{ amount, other, settle }] = under.splice(each.which % under.length, 1) as [(typeof under)[number]];
            const [a, b] = [Math.floor((amount * each.share) / 100), Math.floor((other * each.share) / 100)];
            settle([a, b]);
            spent.a += a;
            spent.b += b;
          }
          const [a, b] = (await ledger.read(["a", "b"].map((key) => ({ key, group: "budget", windowMs })))) as [LineState, LineState];
          expect([a.used, b.used]).toEqual([spent.a, spent.b]);
          expect([a.reserved, b.reserved]).toEqual([
            under.reduce((sum, { amount }) => sum + amount, 0),
            under.reduce((sum, { other }) => sum + other, 0),
          ]);
          expect(a.used + a.reserved).toBeLessThanOrEqual(100);
          expect(b.used + b.reserved).toBeLessThanOrEqual(30);
        }
      }),
      { numRuns: runs },
    );
  });

  test("lets no two calls have the same room, however many ask at once", async () => {
    const ledger = await open(createManualClock(start));
    const asked = await Promise.all(Array.from({ length: 200 }, async () => ledger.reserve([line("a", 1000, 70)], 60_000)));
    expect(asked.filter(({ ok }) => ok)).toHaveLength(14);
  });
});

describe("a ledger in memory", () => {
  test("holds a bounded number of counts of a budget: idle ones go first, held ones stay, other budgets do not notice", async () => {
    const clock = createManualClock(start);
    const ledger = createMemoryLedger({ clock, maxCounts: 10 });
    await ledger.reserve([line("other", 10, 5, { group: "other" })], 1e9);
    await ledger.reserve([line("held", 10, 5)], 1e9);
    for (let index = 0; index < 1000; index++) settleOf(await ledger.reserve([line(`flood-${index}`, 10, 1)], 1000))([1]);
    expect(ledger.size()).toBe(11);
    expect((await ledger.read([{ key: "other", group: "other", windowMs }]))[0]).toMatchObject({ reserved: 5 });
    expect(await stateOf(ledger, "held")).toMatchObject({ reserved: 5 });
    expect(await stateOf(ledger, "flood-999")).toMatchObject({ used: 1 });
    expect(await stateOf(ledger, "flood-1")).toMatchObject({ used: 0 });
  });
});
