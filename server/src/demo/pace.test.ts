import { describe, expect, test } from "vitest";
import { createPace, type Pace } from "./pace.ts";

const budgetMs = 50;
const quick = { latencyMs: 3, fallback: false };
const slow = { latencyMs: 45, fallback: false };

/** Requests one after another, each answered as told. */
async function serve(pace: Pace, count: number, answer: { latencyMs: number; fallback: boolean }): Promise<void> {
  for (let index = 0; index < count; index++) {
    await pace.enter();
    pace.leave(answer);
  }
}

describe("the pace of the replay", () => {
  test("begins with one request at a time and grows to the most while answers are quick", async () => {
    const pace = createPace({ budgetMs, most: 8 });
    expect(pace.limit).toBe(1);
    await serve(pace, 100, quick);
    expect(pace.limit).toBe(8);
  });

  test.each([slow, { latencyMs: 3, fallback: true }])("is halved by %j, once for those that were under way together", async (answer) => {
    const pace = createPace({ budgetMs, most: 8 });
    await serve(pace, 100, quick);
    for (let index = 0; index < 8; index++) await pace.enter();
    for (let index = 0; index < 8; index++) pace.leave(answer);
    expect(pace.limit).toBe(4);
    for (let index = 0; index < 4; index++) await pace.enter();
    for (let index = 0; index < 4; index++) pace.leave(answer);
    expect(pace.limit).toBe(2);
  });

  test("never has more under way than its limit", async () => {
    const pace = createPace({ budgetMs, most: 3, sleep: async () => {} });
    let underWay = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await pace.enter();
        most = Math.max(most, ++underWay);
        expect(underWay).toBeLessThanOrEqual(3);
        await new Promise((resolve) => setImmediate(resolve));
        underWay--;
        pace.leave(index % 11 === 0 ? slow : quick);
      }),
    );
    expect(most).toBe(3);
  });

  test("rests for 15 seconds in all at most: a machine that is always too slow is not waited for", async () => {
    let restedMs = 0;
    const pace = createPace({
      budgetMs,
      most: 8,
      sleep: async (ms) => {
        restedMs += ms;
      },
    });
    await serve(pace, 1000, slow);
    expect(restedMs).toBe(15_000);
    expect(pace.limit).toBe(1);
  });

  test("rests after an answer that was slow all alone, and lets nobody in meanwhile", async () => {
    const rests: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const pace = createPace({
      budgetMs,
      most: 8,
      sleep: (ms) => {
        rests.push(ms);
        return promise;
      },
    });
    await pace.enter();
    pace.leave(slow);
    let entered = false;
    const next = pace.enter().then(() => (entered = true));
    await new Promise((settle) => setImmediate(settle));
    expect([rests, entered]).toEqual([[90], false]);
    resolve();
    await next;
    expect(entered).toBe(true);
  });
});
