import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDecimals, dollars, shareOf } from "./money.ts";

const picodollars = fc.bigInt({ min: 0n, max: 10n ** 24n });
const written = (value: bigint) => {
  const digits = value.toString().padStart(13, "0");
  const fraction = digits.slice(-12).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -12) : `${digits.slice(0, -12)}.${fraction}`;
};

test("sums of decimal text are exact, in any order", () => {
  fc.assert(
    fc.property(fc.array(picodollars, { maxLength: 20 }), (values) => {
      const sum = written(values.reduce((all, value) => all + value, 0n));
      expect(addDecimals(values.map(written))).toBe(sum);
      expect(addDecimals(values.toReversed().map(written))).toBe(sum);
    }),
  );
  expect(addDecimals(["0.1", "0.2"])).toBe("0.3");
  expect(addDecimals([])).toBe("0");
});

describe("dollars are shown", () => {
  test.each([
    ["1234.567", "$1,234.57"],
    ["1", "$1.00"],
    ["0.018", "$0.018"],
    ["0.0012345", "$0.00123"],
    ["0.000000012", "$0.000000012"],
    ["0", "$0"],
    [null, "–"],
  ])("%s as %s", (amount, shown) => {
    expect(dollars(amount)).toBe(shown);
  });
});

test("a bar ends at its limit, and a limit of nothing is reached", () => {
  expect([shareOf("2.5", "10"), shareOf("12", "10"), shareOf("0", "0"), shareOf("-1", "5")]).toEqual([25, 100, 100, 0]);
});
