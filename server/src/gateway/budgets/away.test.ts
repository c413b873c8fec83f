import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestRedis, redisProgram, startTestRedis } from "../../../test/redis.ts";
import { silentLogger, systemClock } from "../../core/index.ts";
import type { Ledger, LedgerLine } from "./ledger.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { type RedisConnection, createRedisConnection } from "../shared-store/connection.ts";
import { createRedisLedger } from "./redis-ledger.ts";
import { createSharedLedger } from "./shared-ledger.ts";

const timeoutMs = 300;
let redis: TestRedis;
let connection: RedisConnection;
let shared: Ledger;
let ledger: ReturnType<typeof createSharedLedger>;

beforeEach(async (context) => {
  if (redisProgram === undefined) context.skip("redis-server is not installed here");
  redis = await startTestRedis();
  connection = createRedisConnection({ url: { reveal: () => redis.url }, timeoutMs, logger: silentLogger });
  shared = createRedisLedger({ connection, prefix: "test" });
  ledger = createSharedLedger({ shared, local: createMemoryLedger({ clock: systemClock }), localShare: 0.25 });
});
afterEach(async () => {
  connection?.close();
  redis?.thaw();
  await redis?.stop();
});

function line(whenStoreIsAway: "refuse" | "local", amount = 1): LedgerLine {
  return {
    key: whenStoreIsAway,
    owner: "project",
    group: whenStoreIsAway,
    windowMs: 3_600_000,
    limit: 100,
    amount,
    held: true,
    whenStoreIsAway,
  };
}

async function used(key: string): Promise<number> {
  const [state] = await shared.read([{ key, group: key, windowMs: 3_600_000 }]);
  return state!.used;
}

test("while the store is there, nodes share one count", async () => {
  const another = createRedisConnection({ url: { reveal: () => redis.url }, timeoutMs, logger: silentLogger });
  const second = createRedisLedger({ connection: another, prefix: "test" });
  expect((await ledger.reserve([line("local", 60)], 1000)).ok).toBe(true);
  expect((await second.reserve([line("local", 60)], 1000)).ok).toBe(false);
  expect((await second.reserve([line("local", 40)], 1000)).ok).toBe(true);
  another.close();
});

test.each(["gone", "mute"] as const)("with a store that is %s, each budget has its own way, and nobody waits long", async (how) => {
  expect((await ledger.reserve([line("local")], 60_000)).ok).toBe(true);
  if (how === "gone") await redis.stop();
  else redis.freeze();
  const startedAt = performance.now();
  await expect(ledger.reserve([line("local"), line("refuse")], 1000)).rejects.toMatchObject({
    code: "budget_unavailable",
    details: { budget: "refuse", retryAfterSeconds: 1 },
  });
  expect(ledger.isAway).toBe(true);
  // A quarter of the hundred is this node's.
  expect((await ledger.reserve([line("local", 25)], 60_000)).ok).toBe(true);
  expect(await ledger.reserve([line("local", 1)], 60_000)).toMatchObject({ ok: false, shortage: { left: 0 } });
  for (let index = 0; index < 50; index++) await ledger.reserve([line("local", 1)], 60_000);
  // 53 questions: most of them are told at once.
  expect(performance.now() - startedAt).toBeLessThan(53 * timeoutMs);
});

test("what was spent while the store did not answer is told when it does", async () => {
  const reserved = await ledger.reserve([line("refuse", 50)], 60_000);
  if (!reserved.ok) throw new Error("It was refused.");
  redis.freeze();
  reserved.settle([20]);
  await expect(ledger.reserve([line("refuse")], 1e9)).rejects.toMatchObject({ code: "budget_unavailable" });
  redis.thaw();
  await expect.poll(() => used("refuse").catch(() => "away")).toBe(20);
  // The one that was asked meanwhile is given back too.
  await expect.poll(async () => (await ledger.reserve([line("refuse", 80)], 60_000)).ok).toBe(true);
  expect(ledger.isAway).toBe(false);
});

test("a store that comes back empty begins anew, and settlements of before change nothing", async () => {
  const reserved = await ledger.reserve([line("refuse", 50)], 60_000);
  if (!reserved.ok) throw new Error("It was refused.");
  await redis.stop();
  reserved.settle([20]);
  await redis.start();
  await expect
    .poll(() =>
      Promise.resolve(ledger.reserve([line("refuse", 100)], 60_000)).then(
        ({ ok }) => ok,
        () => "away",
      ),
    )
    .toBe(true);
  expect(await used("refuse")).toBe(0);
});

test("a store that was never there is away from the beginning", async () => {
  await redis.stop();
  await expect(ledger.reserve([line("refuse")], 1000)).rejects.toMatchObject({ code: "budget_unavailable" });
  expect((await ledger.reserve([line("local")], 1000)).ok).toBe(true);
});
