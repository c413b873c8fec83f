import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret, secret } from "./config.ts";
import { canonicalJson } from "./json.ts";
import { createRandom } from "./random.ts";

describe("canonical JSON", () => {
  test("is the same text for equal values, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("seeded random numbers", () => {
  test("repeat for the same seed and differ for another", () => {
    const draw = (seed: number) => Array.from({ length: 20 }, createRandom(seed).next);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("are uniform enough: each tenth holds a tenth within four standard errors", () => {
    const random = createRandom(1);
    const counts = new Array<number>(10).fill(0);
    const n = 100_000;
    for (let index = 0; index < n; index++) counts[random.integer(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - n / 10)).toBeLessThan(4 * Math.sqrt(n * 0.1 * 0.9));
  });

  test("shuffle keeps every item", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        expect(
          createRandom(seed)
            .shuffle([...items])
            .toSorted(),
        ).toEqual(items.toSorted());
      }),
    );
  });
});

describe("a secret", () => {
  test("never prints its value", () => {
    process.env["MILLRACE_TEST_SECRET"] = "hunter2";
    const value = secret("MILLRACE_TEST_SECRET");
    expect(value).toBeInstanceOf(Secret);
    expect(value.reveal()).toBe("hunter2");
    expect(`${value} ${JSON.stringify({ value })}`).toBe('[secret] {"value":{"secret":"MILLRACE_TEST_SECRET"}}');
  });

  test("says by name what is missing", () => {
    expect(() => secret("MILLRACE_TEST_ABSENT").reveal()).toThrow(/MILLRACE_TEST_ABSENT/);
  });
});
