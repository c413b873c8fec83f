import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/index.ts";
import { backoffMs, retryAfterMs } from "./backoff.ts";

describe("the pause before a next try", () => {
  const options = { baseMs: 100, capMs: 1000 };

  test("lies between nothing and a bound that doubles up to its cap, over the whole of it", () => {
    const random = createRandom(1);
    for (const [tries, bound] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [5, 1000],
      [60, 1000],
    ] as const) {
      const pauses = Array.from({ length: 500 }, () => backoffMs(tries, options, random));
      expect(Math.max(...pauses)).toBeLessThan(bound);
      expect(Math.max(...pauses)).toBeGreaterThan(bound * 0.95);
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
      expect(Math.min(...pauses)).toBeLessThan(bound * 0.05);
    }
  });

  test("is the same again from the same seed", () => {
    const pauses = (seed: number) => Array.from({ length: 5 }, (_, index) => backoffMs(index + 1, options, createRandom(seed)));
    expect(pauses(7)).toEqual(pauses(7));
    expect(pauses(7)).not.toEqual(pauses(8));
  });
});

describe("Retry-After", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);

  test.each([
    ["0", 0],
    ["7", 7000],
    [" 1.5 ", 1500],
    ["Fri, 02 Jan 2026 03:04:35 GMT", 30_000],
    ["Friday, 02-Jan-26 03:04:06 GMT", 1000],
    ["Fri, 02 Jan 2026 03:04:00 GMT", 0],
  ])("of %j means %d ms", (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });

  test.each([[undefined], [""], ["-5"], ["soon"], ["1e3"], ["NaN"], [["1", "2"]]])("of %j means nothing", (header) => {
    expect(retryAfterMs(header, now)).toBeUndefined();
  });

  test("is never less than nothing, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterMs(header, now);
        expect(ms === undefined || ms >= 0).toBe(true);
      }),
    );
  });
});
