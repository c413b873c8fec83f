import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { AppError, Deadline, createManualClock } from "../../core/index.ts";
import { createCircuitBreakers } from "./circuit-breaker.ts";
import { createRetryBudgets } from "./retry-budget.ts";
import type { AttemptRecord } from "./run-attempts.ts";
import { openAttemptsWorld } from "./test-attempts.ts";

function summary(attempts: readonly AttemptRecord[]): unknown[] {
  return attempts.map(({ target, code, status }) => [target, code, status]);
}

function within(ms: number): Deadline {
  return new Deadline(performance.now() + ms);
}

describe("attempts", () => {
  test("end with the first that goes well", async () => {
    const { upstream, run } = await openAttemptsWorld();
    const result = await run(["ok", "echo"]);
    expect(result).toMatchObject({ ok: true, target: { name: "ok" }, value: expect.stringContaining("[DONE]"), committed: false });
    expect(summary(result.attempts)).toEqual([["ok", null, 200]]);
    expect(result.attempts[0]!.ms).toBeGreaterThan(0);
    expect(upstream.requests).toHaveLength(1);
  });

  test.each([500, 502, 503, 529, 408, 429])("are repeated after %d, and say so", async (status) => {
    const { run } = await openAttemptsWorld();
    const model = `status-then-ok:${status}:1`;
    const result = await run([model]);
    expect(result.ok).toBe(true);
    expect(summary(result.attempts)).toEqual([
      [model, status === 408 ? "provider_refused" : "provider_failed", status],
      [model, null, 200],
    ]);
  });

  test.each([400, 413, 422])("are over after %d: the request is wrong everywhere", async (status) => {
    const { run } = await openAttemptsWorld();
    const result = await run([`status:${status}`, "ok"]);
    expect(result).toMatchObject({ ok: false, error: { code: "provider_refused", details: { status } } });
    expect(result.attempts).toHaveLength(1);
  });

  test.each([
    ["status:401", 1, "provider_refused"],
    ["redirect", 1, "provider_failed"],
    ["status:500", 2, "provider_failed"],
    ["reset", 2, "provider_failed"],
    ["reset-after:2", 2, "provider_failed"],
    ["stall-after:2", 2, "deadline_exceeded"],
  ])("go on to the next target: %s is asked %d times", async (model, times, code) => {
    const { run } = await openAttemptsWorld();
    const result = await run([model, "ok"], { clocks: { gapMs: 250 } });
    expect(result).toMatchObject({ ok: true, target: { name: "ok" } });
    expect(result.attempts.map((attempt) => [attempt.target, attempt.code])).toEqual([
      ...Array.from({ length: times }, () => [model, code]),
      ["ok", null],
    ]);
  });

  test("that all failed answer the last error and each attempt", async () => {
    const { run } = await openAttemptsWorld();
    const result = await run(["status:500", "status:503", "reset"], { tries: 1 });
    expect(result).toMatchObject({
      ok: false,
      committed: false,
      error: { code: "provider_failed", details: { target: "scripted/model" } },
    });
    expect(summary(result.attempts)).toEqual([
      ["status:500", "provider_failed", 500],
      ["status:503", "provider_failed", 503],
      ["reset", "provider_failed", null],
    ]);
  });

  test.each(["reset-after:3", "stall-after:3"])("are over once a byte has left for the caller: %s", async (model) => {
    const { upstream, run } = await openAttemptsWorld();
    const given: Uint8Array[] = [];
    const result = await run([model, "ok"], { clocks: { gapMs: 250 }, onChunk: (chunk) => given.push(chunk) });
    expect(result).toMatchObject({ ok: false, committed: true });
    expect(result.attempts).toHaveLength(1);
    expect(Buffer.concat(given).toString().split("\n\n")).toHaveLength(4);
    expect(upstream.requests).toHaveLength(1);
  });

  test("with nothing to ask are over at once", async () => {
    const { run } = await openAttemptsWorld();
    expect(await run([])).toMatchObject({ ok: false, attempts: [], error: { code: "provider_busy" } });
  });
});

describe("Retry-After", () => {
  test("is waited for", async () => {
    const { run } = await openAttemptsWorld();
    const from = performance.now();
    const result = await run(["status-then-ok:429:1:1"], { deadline: within(30_000) });
    expect(result.ok).toBe(true);
    expect(performance.now() - from).toBeGreaterThanOrEqual(999);
  });

  test.each([
    ["longer than anybody waits", 6, 60_000],
    ["longer than the time that is left", 4, 3000],
  ])("that is %s leads to the next target at once", async (_what, seconds, leftMs) => {
    const { run } = await openAttemptsWorld();
    const model = `status:429:${seconds}`;
    const deadline = within(leftMs);
    const result = await run([model, "ok"], { deadline });
    expect(result).toMatchObject({ ok: true, target: { name: "ok" } });
    expect(summary(result.attempts)).toEqual([
      [model, "provider_failed", 429],
      ["ok", null, 200],
    ]);
    expect(deadline.passed()).toBe(false);
    deadline.end();
  });
});

describe("a storm", () => {
  test("of 429 adds a tenth to the load and what was saved, and no more", async () => {
    const { upstream, run } = await openAttemptsWorld();
    const budgets = createRetryBudgets({ share: 0.1, cap: 3 });
    const breakers = createCircuitBreakers(createManualClock(0), { windowMs: 1000, minimumCalls: 1e9, failureRate: 1, openMs: 1 });
    await Promise.all(Array.from({ length: 60 }, () => run(["status:429"], { tries: 5, budgets, breakers })));
    expect(upstream.requests.length).toBeGreaterThan(60);
    expect(upstream.requests.length).toBeLessThanOrEqual(60 + 3 + 6);
  });

  test("opens the circuit: the next target is asked at once, and without one the caller learns when to come back", async () => {
    const { upstream, run } = await openAttemptsWorld();
    const clock = createManualClock(0);
    const breakers = createCircuitBreakers(clock, { windowMs: 1000, minimumCalls: 4, failureRate: 0.5, openMs: 700 });
    const given = { breakers, budgets: createRetryBudgets({ share: 0.1, cap: 100 }) };
    for (let done = 0; done < 2; done++) await run(["status:503"], given);
    clock.advance(200);
    expect(breakers.states().get("status:503")).toBe("open");
    const next = await run(["status:503", "ok"], given);
    expect(summary(next.attempts)).toEqual([
      ["status:503", "circuit_open", null],
      ["ok", null, 200],
    ]);
    expect(await run(["status:503"], given)).toMatchObject({ ok: false, error: { code: "provider_busy", details: { retryAfterMs: 500 } } });
    expect(upstream.requests).toHaveLength(5);
    clock.advance(500);
    await run(["status:503"], given);
    expect(upstream.requests).toHaveLength(6);
  });

  test("of streams that break off after they were answered opens the circuit too", async () => {
    const { run } = await openAttemptsWorld();
    const breakers = createCircuitBreakers(createManualClock(0), { windowMs: 1000, minimumCalls: 4, failureRate: 1, openMs: 1 });
    const ends: PromiseWithResolvers<void>[] = [];
    const begin = () => {
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return Promise.resolve({ value: "begun", status: 200, over: end.promise });
    };
    for (let done = 0; done < 5; done++) expect(await run(["a"], { breakers, attempt: begin })).toMatchObject({ ok: true, value: "begun" });
    ends[0]!.reject(new Error("The caller went away."));
    for (const end of ends.slice(1, 4)) end.reject(new AppError("provider_failed"));
    await sleep(0);
    expect(breakers.states().get("a")).toBe("closed");
    ends[4]!.reject(new AppError("provider_failed"));
    await sleep(0);
    expect(breakers.states().get("a")).toBe("open");
  });

  test("of wrong requests, or of callers without time, opens no circuit", async () => {
    const { run } = await openAttemptsWorld();
    const breakers = createCircuitBreakers(createManualClock(0), { windowMs: 1000, minimumCalls: 2, failureRate: 0.1, openMs: 1 });
    for (let done = 0; done < 4; done++) {
      await run(["status:400"], { breakers });
      await run(["slow-first:60000"], { breakers, deadline: within(15), clocks: { totalMs: 15 } });
    }
    expect(new Set(breakers.states().values())).toEqual(new Set(["closed"]));
  });
});

describe("the end of the time", () => {
  test("of a millisecond is one error and at most one attempt", async () => {
    const { run } = await openAttemptsWorld();
    for (let done = 0; done < 10; done++) {
      const result = await run(["slow-first:60000", "ok"], { deadline: within(done) });
      expect(result).toMatchObject({ ok: false, error: { code: "deadline_exceeded" } });
      expect(result.attempts.length).toBeLessThanOrEqual(1);
    }
  });

  test("cancels the provider and asks no other", async () => {
    const { upstream, run } = await openAttemptsWorld();
    const result = await run(["stall-after:1", "ok"], { deadline: within(800) });
    expect(result).toMatchObject({ ok: false, error: { code: "deadline_exceeded" } });
    expect(upstream.requests).toHaveLength(1);
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test.each([
    ["while the provider thinks", "slow-first:60000"],
    ["in the middle of the answer", "stall-after:2"],
    ["in a pause before a repetition", "status:429:4"],
  ])("comes with the caller who goes away %s", async (_when, model) => {
    const { upstream, run } = await openAttemptsWorld();
    const caller = new AbortController();
    const running = run([model, "ok"], { deadline: new Deadline(Number.POSITIVE_INFINITY, caller.signal) });
    await expect.poll(() => upstream.requests.length).toBe(1);
    await sleep(50);
    caller.abort();
    // The pause alone would be four seconds.
    const result = await Promise.race([running, sleep(3000, undefined, { ref: false })]);
    if (result === undefined) throw new Error("It went on without its caller.");
    expect(result.ok).toBe(false);
    expect(result.attempts).toHaveLength(1);
    expect(upstream.requests).toHaveLength(1);
    if (!model.startsWith("status")) await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });
});
