import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { betaHeaders, readBetas } from "./betas.ts";

const names = fc.array(fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/), { maxLength: 20 });

describe("the header of betas", () => {
  test("is read the same however it is written: in order, each name once", () => {
    fc.assert(
      fc.property(names, fc.constantFrom(",", ", ", " , ,"), (all, between) => {
        const expected = all.length === 0 ? undefined : [...new Set(all)].toSorted();
        expect(readBetas(all.join(between))).toEqual(expected);
        expect(readBetas(all.toReversed())).toEqual(expected);
      }),
    );
    expect([readBetas(undefined), readBetas(""), readBetas(" , ")]).toEqual([undefined, undefined, undefined]);
  });

  test.each(["two words", "line\nbreak", "name;q=1", "x".repeat(101), Array.from({ length: 51 }, (_, index) => `n${index}`).join()])(
    "is refused as %j",
    (value) => {
      expect(() => readBetas(value)).toThrow("anthropic-beta");
    },
  );

  test("is joined to the configured one, whatever its case, and nothing else changes", () => {
    const configured = { "x-team": "blue", "Anthropic-Beta": "b, a" };
    expect(betaHeaders(configured, ["c", "a"])).toEqual({ "x-team": "blue", "anthropic-beta": "a,b,c" });
    expect(betaHeaders(configured, undefined)).toEqual(configured);
    expect(betaHeaders({}, ["a"])).toEqual({ "anthropic-beta": "a" });
  });
});
