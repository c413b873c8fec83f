import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock } from "../../core/index.ts";
import { CircuitBreaker, type CircuitPass, createCircuitBreakers } from "./circuit-breaker.ts";

const options = { windowMs: 1000, minimumCalls: 4, failureRate: 0.5, openMs: 500 };

function open() {
  const clock = createManualClock(1_000_000);
  const breaker = new CircuitBreaker(clock, options);
  return {
    clock,
    breaker,
    fail: (times: number) => {
      for (let done = 0; done < times; done++) breaker.enter()!.failed();
    },
  };
}

describe("a circuit breaker", () => {
  test("opens at its rate of failures, but not before enough calls", () => {
    const { breaker, fail } = open();
    fail(3);
    expect(breaker.state).toBe("closed");
    breaker.enter()!.succeeded();
    expect(breaker.state).toBe("closed");
    fail(1);
    expect(breaker.state).toBe("open");
    expect([breaker.enter(), breaker.waitMs]).toEqual([undefined, 500]);
  });

  test("stays closed below its rate, and forgets what is older than its window", () => {
    const { breaker, clock, fail } = open();
    for (let done = 0; done < 5; done++) breaker.enter()!.succeeded();
    fail(4);
    expect(breaker.state).toBe("closed");
    clock.advance(1200);
    fail(3);
    expect(breaker.state).toBe("closed");
    fail(1);
    expect(breaker.state).toBe("open");
  });

  test("lets one call probe after its time, closes when it went well and remembers nothing of before", () => {
    const { breaker, clock, fail } = open();
    fail(4);
    clock.advance(500);
    expect([breaker.state, breaker.waitMs]).toEqual(["half-open", 0]);
    const probe = breaker.enter()!;
    expect(breaker.enter()).toBeUndefined();
    probe.succeeded();
    expect(breaker.state).toBe("closed");
    fail(3);
    expect(breaker.state).toBe("closed");
  });

  test("opens for the whole time again when the probe failed", () => {
    const { breaker, clock, fail } = open();
    fail(4);
    clock.advance(500);
    breaker.enter()!.failed();
    expect([breaker.state, breaker.enter(), breaker.waitMs]).toEqual(["open", undefined, 500]);
  });

  test("lets another probe when one was dropped, or was never reported on, which says nothing any more", () => {
    const { breaker, clock, fail } = open();
    fail(4);
    clock.advance(500);
    breaker.enter()!.dropped();
    const lost = breaker.enter()!;
    expect(breaker.enter()).toBeUndefined();
    clock.advance(500);
    const next = breaker.enter()!;
    lost.succeeded();
    expect(breaker.state).toBe("half-open");
    next.succeeded();
    expect(breaker.state).toBe("closed");
  });

  test("hears of a call once, and of those that began before it opened not at all", () => {
    const { breaker, clock, fail } = open();
    const twice = breaker.enter()!;
    for (let times = 0; times < 9; times++) twice.failed();
    expect(breaker.state).toBe("closed");
    const late = Array.from({ length: 8 }, () => breaker.enter()!);
    fail(3);
    expect(breaker.state).toBe("open");
    clock.advance(500);
    breaker.enter()!.succeeded();
    for (const pass of late) pass.failed();
    expect(breaker.state).toBe("closed");
  });

  test("is each target's own", () => {
    const breakers = createCircuitBreakers(createManualClock(0), options);
    for (let done = 0; done < 4; done++) breakers.of("a").enter()!.failed();
    breakers.of("b").enter()!.succeeded();
    expect([...breakers.states()]).toEqual([
      ["a", "open"],
      ["b", "closed"],
    ]);
  });

  test("keeps its rules whatever comes in whatever order", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("enter" as const) }),
      fc.record({ kind: fc.constantFrom("succeeded" as const, "failed" as const, "dropped" as const), which: fc.nat() }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 700 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { clock, breaker } = open();
        const running: { pass: CircuitPass; probeSince: number | undefined }[] = [];
        let failedAt: number[] = [];
        for (const taken of steps) {
          const before = breaker.state;
          if (taken.kind === "wait") {
            clock.advance(taken.ms);
            // Time alone never closes it, and opens nothing.
            if (breaker.state !== before) expect([before, breaker.state]).toEqual(["open", "half-open"]);
          } else if (taken.kind === "enter") {
            const pass = breaker.enter();
            expect(breaker.state).toBe(before);
            const young = running.filter(({ probeSince }) => probeSince !== undefined && clock.now() - probeSince < options.openMs);
            if (before === "closed") expect(pass).toBeDefined();
            if (before === "open") expect(pass).toBeUndefined();
            // One probe at a time.
            if (before === "half-open") expect(pass === undefined).toBe(young.length > 0);
            if (pass !== undefined) running.push({ pass, probeSince: before === "half-open" ? clock.now() : undefined });
          } else if (running.length > 0) {
            const [{ pass, probeSince }] = running.splice(taken.which % running.length, 1) as [(typeof running)[number]];
            pass[taken.kind]();
            if (taken.kind === "failed") failedAt.push(clock.now());
            if (taken.kind === "dropped") expect(breaker.state).toBe(before);
            // Only a probe closes it, and only failures open it: enough of them within the window, or a probe's.
            if (before !== "closed" && breaker.state === "closed")
              expect([taken.kind, probeSince !== undefined]).toEqual(["succeeded", true]);
            if (before !== "open" && breaker.state === "open") {
              expect(taken.kind).toBe("failed");
              failedAt = failedAt.filter((at) => at > clock.now() - options.windowMs);
              if (before === "closed") expect(failedAt.length).toBeGreaterThanOrEqual(options.minimumCalls * options.failureRate);
            }
          }
        }
        // Never for ever: one that is left alone lets a call through again.
        clock.advance(2 * options.openMs);
        expect(breaker.enter()).toBeDefined();
      }),
      { numRuns: 150 },
    );
  });
});
