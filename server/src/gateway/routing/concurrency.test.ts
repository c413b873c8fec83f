import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RoutingWorld, openRoutingWorld, refusalOf } from "./test-routing.ts";

let world: RoutingWorld;
beforeAll(async () => {
  world = await openRoutingWorld({
    providers: {
      pair: { concurrency: { most: 2 } },
      single: { concurrency: { most: 1, waitMs: 2500 } },
      queued: { concurrency: { most: 1, queue: 2, waitMs: 60_000 } },
      free: { clocks: { totalMs: 5000, firstTokenMs: 4000, gapMs: 4000 } },
    },
    models: {
      both: ["pair/stall-after:3", "free/ok"],
      late: { targets: ["queued/stall-after:3"], clocks: { totalMs: 60 } },
      brisk: { targets: ["free/ok"], clocks: { firstTokenMs: 100, gapMs: 50_000 } },
      brief: { targets: ["free/slow-first:3000", "free/ok"], clocks: { totalMs: 80 } },
      slow: { targets: ["free/slow-first:3000", "free/ok"], clocks: { firstTokenMs: 80 } },
    },
  });
});
beforeEach(() => {
  for (const { requests } of Object.values(world.upstreams)) requests.length = 0;
});
afterAll(() => world.close());

async function arrived(provider: string, count: number): Promise<void> {
  await expect.poll(() => world.counts()[provider]).toBe(count);
}

/** A stream that gives a few events and then nothing more: it holds its slot until its caller is gone. */
function hold(model: string) {
  const caller = new AbortController();
  const ended = world.ask({ model, stream: true, signal: caller.signal }).then(
    () => "told",
    () => "failed",
  );
  return { leave: () => caller.abort(), ended };
}

describe("a provider that takes so many calls at once", () => {
  test("has no more of each model under way, and the next target takes what does not fit", async () => {
    const held = [hold("both"), hold("both")];
    await arrived("pair", 2);
    const { outcome, steps } = await world.ask({ model: "both" });
    expect(outcome.target).toBe("free/ok");
    expect(steps).toContainEqual(
      expect.objectContaining({ name: "pair/stall-after:3", status: "skipped", details: { concurrency: "full" } }),
    );
    // Another model of it has a bound of its own.
    expect((await world.ask({ model: "pair/ok" })).outcome.target).toBe("pair/ok");
    for (const each of held) each.leave();
    await Promise.all(held.map(({ ended }) => ended));
  });

  test("refuses what does not fit anywhere, and says when to come back", async () => {
    const held = hold("single/stall-after:3");
    await arrived("single", 1);
    expect(await refusalOf(world.ask({ model: "single/stall-after:3" }))).toMatchObject({
      code: "provider_busy",
      message: expect.stringContaining("as much at once as it may"),
      details: { targets: ["single/stall-after:3"], retryAfterSeconds: 3 },
    });
    held.leave();
    await held.ended;
  });

  test("serves those who wait in a short queue, and forgets those who leave it", async () => {
    const held = hold("queued/stall-after:3");
    await arrived("queued", 1);
    const leaves = hold("queued/stall-after:3");
    const stays = hold("queued/stall-after:3");
    expect(await refusalOf(world.ask({ model: "queued/stall-after:3" }))).toMatchObject({ code: "provider_busy" });
    leaves.leave();
    expect(await leaves.ended).toBe("failed");
    expect(world.counts()["queued"]).toBe(1);
    held.leave();
    await arrived("queued", 2);
    stays.leave();
    await Promise.all([held.ended, stays.ended]);
  });

  test("does not wait longer than the deadline of the call", async () => {
    const held = hold("queued/stall-after:3");
    await arrived("queued", 1);
    expect(await refusalOf(world.ask({ model: "late" }))).toMatchObject({ code: "deadline_exceeded" });
    held.leave();
    await held.ended;
  });

  test.each([
    "ok",
    "status:400",
    "status:500",
    "reset",
    "empty-body",
    "reset-after:3",
    "malformed-after:2",
    "clean-cut-after:2",
    "error-in-first-event",
  ])("gets its slot back after %s, whole and streamed", async (model) => {
    for (const stream of [true, false, true, false])
      expect(
        (await world.ask({ model: `single/${model}`, stream }).catch((error: { code: string }) => error)) as { code?: string },
      ).not.toMatchObject({
        code: "provider_busy",
      });
    expect(world.counts()["single"]).toBe(4);
  });

  test("gets it back from a caller who left the stream unread", async () => {
    for (let call = 0; call < 3; call++) {
      const held = hold("single/stall-after:3");
      await arrived("single", call + 1);
      held.leave();
      await held.ended;
    }
  });
});

describe("the clocks of a model's name", () => {
  test("are tighter than its providers', for each target and for all of it", async () => {
    expect(world.gateway.resolve("brisk")).toMatchObject({
      totalMs: 5000,
      targets: [{ config: { clocks: { totalMs: 5000, firstTokenMs: 100, gapMs: 4000 } } }],
    });
    expect(await refusalOf(world.ask({ model: "brief" }))).toMatchObject({ code: "deadline_exceeded" });
    expect((await world.ask({ model: "slow", stream: true })).outcome.target).toBe("free/ok");
  });
});
