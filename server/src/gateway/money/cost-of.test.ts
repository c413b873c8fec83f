import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Usage } from "../types.ts";
import { costOf } from "./cost-of.ts";
import { parseDecimal } from "./decimal.ts";
import { type PriceRow, priceRowSchema } from "./price-row.ts";

const row: PriceRow = {
  provider: "anthropic",
  model: "claude-example",
  from: "2026-01-01",
  currency: "USD",
  perMillion: { input: "3", output: "15", cachedInput: "0.3", cacheWrite: "3.75" },
  batch: "0.5",
};
const withoutCache: PriceRow = { ...row, perMillion: { input: "3", output: "15" } };

function usage(counts: Partial<Usage>): Usage {
  return { input: 0, output: 0, cachedInput: null, cacheWrite: null, reasoning: null, from: "provider", ...counts };
}

const prices = fc
  .nat({ max: 200_000 })
  .map((thousandths) => `${Math.floor(thousandths / 1000)}.${(thousandths % 1000).toString().padStart(3, "0")}`);
const rows = fc
  .record({
    input: prices,
    output: prices,
    cachedInput: fc.option(prices, { nil: undefined }),
    cacheWrite: fc.option(prices, { nil: undefined }),
    reasoning: fc.option(prices, { nil: undefined }),
  })
  .map((perMillion) => priceRowSchema.parse({ ...row, perMillion }));
const counts = fc.nat({ max: 2_000_000 });
const maybe = fc.option(counts, { nil: null });
const usages = fc
  .record({ plain: counts, cachedInput: maybe, cacheWrite: maybe, spoken: counts, reasoning: maybe })
  .map(({ plain, spoken, ...parts }) =>
    usage({
      ...parts,
      input: plain + (parts.cachedInput ?? 0) + (parts.cacheWrite ?? 0),
      output: spoken + (parts.reasoning ?? 0),
    }),
  );

function amountOf(of: Usage, at: PriceRow): bigint {
  return parseDecimal(costOf(of, at).amount ?? "none");
}

describe("the cost of a call", () => {
  test("is input and output at their prices", () => {
    // 1,000 × 3 / 10^6 = 0.003; 200 × 15 / 10^6 = 0.003.
    expect(costOf(usage({ input: 1000, output: 200 }), row)).toEqual({
      amount: "0.006",
      currency: "USD",
      from: "provider",
      parts: { input: "0.003", output: "0.003", cachedInput: null, cacheWrite: null },
    });
  });

  test("takes what was read from and written to a cache out of the input, each at its own price", () => {
    // 12,345 − 10,000 − 2,000 = 345 × 3 = 1,035; 10,000 × 0.3 = 3,000; 2,000 × 3.75 = 7,500; 7 × 15 = 105 millionths.
    expect(costOf(usage({ input: 12_345, cachedInput: 10_000, cacheWrite: 2000, output: 7 }), row)).toMatchObject({
      amount: "0.01164",
      parts: { input: "0.001035", cachedInput: "0.003", cacheWrite: "0.0075", output: "0.000105" },
    });
  });

  test("takes the input price for caches where a model has no other", () => {
    expect(costOf(usage({ input: 1000, cachedInput: 600, cacheWrite: 100 }), withoutCache)).toMatchObject({
      amount: "0.003",
      parts: { input: "0.0009", cachedInput: "0.0018", cacheWrite: "0.0003" },
    });
  });

  test("holds reasoning in the output, at its own price only where a model has one", () => {
    const thought = usage({ output: 1000, reasoning: 800 });
    expect(costOf(thought, row).parts.output).toBe("0.015");
    // 200 × 15 + 800 × 5 = 7,000 millionths.
    expect(costOf(thought, { ...row, perMillion: { ...row.perMillion, reasoning: "5" } }).parts.output).toBe("0.007");
  });

  test("in a batch is that at the batch's factor, and unknown for a model without one", () => {
    const counted = usage({ input: 1000, cachedInput: 500, output: 200 });
    expect(costOf(counted, row, "batch")).toMatchObject({ amount: "0.002325", parts: { cachedInput: "0.000075" } });
    expect(costOf(counted, { ...row, batch: undefined }, "batch").amount).toBeNull();
  });

  test("of a call without tokens is nothing, and says so", () => {
    expect(costOf(usage({ cachedInput: 0, cacheWrite: 0 }), row)).toMatchObject({
      amount: "0",
      parts: { input: "0", output: "0", cachedInput: "0", cacheWrite: "0" },
    });
  });

  test("says when the tokens were counted by us and not by the provider", () => {
    expect(costOf(usage({ input: 1, from: "tokenizer" }), row)).toMatchObject({ amount: "0.000003", from: "tokenizer" });
  });
});

describe("a cost that is not known", () => {
  const nothing = { input: null, output: null, cachedInput: null, cacheWrite: null };

  test("is null for an unknown model, however many tokens there were", () => {
    expect(costOf(usage({ input: 1000, output: 200 }), null)).toEqual({ amount: null, currency: null, from: "provider", parts: nothing });
  });

  test("is null without usage", () => {
    expect(costOf(null, row)).toEqual({ amount: null, currency: "USD", from: null, parts: nothing });
    expect(costOf(null, null)).toEqual({ amount: null, currency: null, from: null, parts: nothing });
  });

  test("keeps the parts that are: the input of a stream that was cut before its output was counted", () => {
    expect(costOf(usage({ input: 1000, output: null }), row)).toMatchObject({ amount: null, parts: { input: "0.003", output: null } });
    expect(costOf(usage({ input: null, output: 200, cachedInput: 5 }), row)).toMatchObject({
      amount: null,
      parts: { input: null, output: "0.003", cachedInput: null },
    });
  });

  test("is null where no answer has so many tokens: less than none, or a part of one", () => {
    expect(costOf(usage({ input: 1000, output: 1.5 }), row)).toMatchObject({ amount: null, parts: { input: "0.003", output: null } });
    expect(costOf(usage({ output: -1 }), row).amount).toBeNull();
    const priced = { ...row, perMillion: { ...row.perMillion, reasoning: "5" } };
    expect(costOf(usage({ output: 10, reasoning: 11 }), priced).amount).toBeNull();
  });

  test.each([
    ["more read from a cache than there was input", { input: 10, cachedInput: 11 }],
    ["caches that overlap", { input: 10, cachedInput: 6, cacheWrite: 5 }],
    ["a negative count", { input: -1 }],
    ["a negative part", { input: 10, cacheWrite: -1 }],
    ["a fraction of a token", { input: 10, cacheWrite: 1.5 }],
    ["no number", { input: Number.NaN, cachedInput: 1 }],
    ["more than can be counted", { input: Number.MAX_SAFE_INTEGER + 1 }],
  ])("is null where counts make no sense: %s", (_, counted) => {
    expect(costOf(usage(counted), row)).toMatchObject({
      amount: null,
      parts: { input: null, cachedInput: null, cacheWrite: null, output: "0" },
    });
  });
});

describe("every cost", () => {
  test("is the sum of its parts, and none of them is negative", () => {
    fc.assert(
      fc.property(usages, rows, (counted, priced) => {
        const cost = costOf(counted, priced);
        const parts = Object.values(cost.parts).map((part) => parseDecimal(part ?? "0"));
        expect(parts.every((part) => part >= 0n)).toBe(true);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(parseDecimal(cost.amount ?? "none"));
      }),
    );
  });

  test("grows with every kind of token, by just their price", () => {
    fc.assert(
      fc.property(usages, rows, counts, (counted, priced, more) => {
        const { input, output, cachedInput = input, cacheWrite = input, reasoning = output } = priced.perMillion;
        const grown = (kind: Partial<Usage>) => (amountOf({ ...counted, ...kind }, priced) - amountOf(counted, priced)) * 1_000_000n;
        const price = (perMillion: string) => BigInt(more) * parseDecimal(perMillion);
        const [inputs, outputs] = [(counted.input ?? 0) + more, (counted.output ?? 0) + more];
        expect(grown({ input: inputs })).toBe(price(input));
        expect(grown({ output: outputs })).toBe(price(output));
        expect(grown({ input: inputs, cachedInput: (counted.cachedInput ?? 0) + more })).toBe(price(cachedInput));
        expect(grown({ input: inputs, cacheWrite: (counted.cacheWrite ?? 0) + more })).toBe(price(cacheWrite));
        expect(grown({ output: outputs, reasoning: (counted.reasoning ?? 0) + more })).toBe(price(reasoning));
      }),
    );
  });
});
