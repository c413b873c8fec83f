import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal, parseDecimal, priceOfTokens, ratePerToken } from "./decimal.ts";

const decimals = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });

describe("decimal numbers", () => {
  test("are read to the last of twelve digits", () => {
    expect(parseDecimal("1")).toBe(1_000_000_000_000n);
    expect(parseDecimal("2.50")).toBe(2_500_000_000_000n);
    expect(parseDecimal("0.000000000001")).toBe(1n);
    expect(parseDecimal("-0.075")).toBe(-75_000_000_000n);
    expect(parseDecimal("007.10")).toBe(7_100_000_000_000n);
  });

  test("take zeros after the twelfth digit, and no other digit: they are not rounded", () => {
    expect(parseDecimal("0.00000000000100")).toBe(1n);
    expect(() => parseDecimal("0.0000000000001")).toThrow("at most 12 digits");
  });

  test.each(["", "-", ".5", "5.", "1e-7", "0x10", "1,5", " 1", "1\n", "NaN", "Infinity", "١"])("%j is none", (text) => {
    expect(() => parseDecimal(text)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  test("are written plainly: no exponent, no zeros at the end, no minus before zero", () => {
    expect(formatDecimal(0n)).toBe("0");
    expect(formatDecimal(parseDecimal("-0.0"))).toBe("0");
    expect(formatDecimal(1n)).toBe("0.000000000001");
    expect(formatDecimal(-1n)).toBe("-0.000000000001");
    expect(formatDecimal(parseDecimal("12.3400"))).toBe("12.34");
    expect(formatDecimal(parseDecimal("1000000"))).toBe("1000000");
  });

  test("come back from their text unchanged, far beyond what a float holds", () => {
    fc.assert(
      fc.property(decimals, (value) => {
        const text = formatDecimal(value);
        expect(parseDecimal(text)).toBe(value);
        expect(text).toMatch(/^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/);
      }),
    );
  });

  test("add up exactly, in any order, where floats do not", () => {
    expect(formatDecimal(parseDecimal("0.1") + parseDecimal("0.2"))).toBe("0.3");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat({ max: 999_999 }))), (amounts) => {
        const texts = amounts.map(([whole, fraction]) => `${whole}.${fraction.toString().padStart(6, "0")}`);
        const millionths = amounts.reduce((sum, [whole, fraction]) => sum + BigInt(whole) * 1_000_000n + BigInt(fraction), 0n);
        const add = (list: readonly string[]) => list.reduce((sum, text) => sum + parseDecimal(text), 0n);
        expect(add(texts)).toBe(millionths * 1_000_000n);
        expect(add(texts.toReversed())).toBe(add(texts));
      }),
    );
  });
});

describe("the price of tokens", () => {
  test("is that of a token, times their number", () => {
    const rate = ratePerToken(parseDecimal("0.075"));
    expect(rate).toBe(75_000n);
    expect(formatDecimal(priceOfTokens(1, rate ?? 0n))).toBe("0.000000075");
    expect(formatDecimal(priceOfTokens(1_234_567, rate ?? 0n))).toBe("0.092592525");
  });

  test("of a million tokens is the price per million, and of parts the sum of theirs", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (millionths, some, others) => {
        const perMillion = BigInt(millionths) * 1_000_000n;
        const rate = ratePerToken(perMillion) ?? -1n;
        expect(priceOfTokens(1_000_000, rate)).toBe(perMillion);
        expect(priceOfTokens(some + others, rate)).toBe(priceOfTokens(some, rate) + priceOfTokens(others, rate));
      }),
    );
  });

  test("takes a factor, and is unknown where twelve digits would not hold it", () => {
    expect(ratePerToken(parseDecimal("0.025"), parseDecimal("0.5"))).toBe(12_500n);
    expect(ratePerToken(parseDecimal("0.000001"))).toBe(1n);
    expect(ratePerToken(parseDecimal("0.0000001"))).toBeNull();
    expect(ratePerToken(parseDecimal("0.000001"), parseDecimal("0.5"))).toBeNull();
  });

  test("is never a fraction of a token: such a count is a fault of ours, and not rounded away", () => {
    expect(() => priceOfTokens(1.5, 1n)).toThrow(RangeError);
  });
});
