import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock } from "../../core/index.ts";
import { createMemoryCounters } from "./create.ts";

describe("counters", () => {
  const calls = fc.array(fc.record({ wait: fc.oneof(fc.nat(30), fc.nat(2000)), amount: fc.integer({ min: 1, max: 4 }) }), {
    maxLength: 150,
  });

  test("never admit more than the limit within any window, wherever it begins", () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 16, max: 1000 }), (steps, limit, windowMs) => {
        const clock = createManualClock(1_000_000);
        const counters = createMemoryCounters({ clock });
        const admitted: { at: number; amount: number }[] = [];
        for (const { wait, amount } of steps) {
          clock.advance(wait);
          if (counters.increment("key", { windowMs, limit }, amount).allowed) admitted.push({ at: clock.now(), amount });
        }
        for (const { at: start } of admitted) {
          const inside = admitted.filter(({ at }) => at >= start && at < start + windowMs);
          expect(inside.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  test("admit again exactly when a refusal says so, at most a sixteenth of the window late", () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 4, max: 12 }), fc.integer({ min: 16, max: 1000 }), (steps, limit, windowMs) => {
        const clock = createManualClock(1_000_000);
        const counters = createMemoryCounters({ clock });
        for (const { wait, amount } of steps) {
          clock.advance(wait);
          const decision = counters.increment("key", { windowMs, limit }, amount);
          if (decision.allowed) continue;
          expect(decision.resetMs).toBeGreaterThan(0);
          expect(decision.resetMs).toBeLessThanOrEqual(Math.ceil(windowMs * (17 / 16)) + 1);
          clock.advance(decision.resetMs);
          expect(counters.increment("key", { windowMs, limit }, amount).allowed).toBe(true);
        }
      }),
    );
  });

  test("say what remains and when more is free", () => {
    const clock = createManualClock(160_000);
    const counters = createMemoryCounters({ clock });
    const rule = { windowMs: 16_000, limit: 3 };
    expect(counters.increment("key", rule)).toEqual({ allowed: true, remaining: 2, resetMs: 0 });
    expect(counters.increment("key", rule, 2)).toEqual({ allowed: true, remaining: 0, resetMs: 17_000 });
    expect(counters.increment("key", rule)).toEqual({ allowed: false, remaining: 0, resetMs: 17_000 });
    clock.advance(17_000);
    expect(counters.increment("key", rule)).toEqual({ allowed: true, remaining: 2, resetMs: 0 });
  });

  test("keep keys apart, and count nothing for a refusal", () => {
    const counters = createMemoryCounters({ clock: createManualClock(0) });
    const rule = { windowMs: 1000, limit: 2 };
    expect(counters.increment("a", rule, 3).allowed).toBe(false);
    expect(counters.increment("a", rule, 2).allowed).toBe(true);
    expect(counters.increment("a", rule).allowed).toBe(false);
    expect(counters.increment("b", rule).allowed).toBe(true);
  });

  test("do not forget what they counted when the clock steps back", () => {
    const clock = createManualClock(100_000);
    const counters = createMemoryCounters({ clock });
    const rule = { windowMs: 1000, limit: 1 };
    counters.increment("key", rule);
    clock.advance(-50_000);
    expect(counters.increment("key", rule).allowed).toBe(false);
  });

  test("hold a bounded number of keys: idle ones go first", () => {
    const clock = createManualClock(0);
    const counters = createMemoryCounters({ clock, maxKeys: 100 });
    const rule = { windowMs: 1000, limit: 1 };
    for (let index = 0; index < 60; index++) counters.increment(`old-${index}`, rule);
    clock.advance(5000);
    for (let index = 0; index < 40; index++) counters.increment(`new-${index}`, rule);
    counters.increment("one-more", rule);
    expect(counters.size()).toBe(41);
    for (let index = 0; index < 40; index++) expect(counters.increment(`new-${index}`, rule).allowed).toBe(false);
    for (let index = 0; index < 1000; index++) counters.increment(`flood-${index}`, rule);
    expect(counters.size()).toBeLessThanOrEqual(100);
  });

  test("cost the same for a key used again and again", () => {
    const counters = createMemoryCounters({ clock: createManualClock(0), maxKeys: 10 });
    for (let index = 0; index < 10_000; index++) counters.increment("key", { windowMs: 1000, limit: 1e9 });
    expect(counters.size()).toBe(1);
  });
});
