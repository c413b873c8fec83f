import { assert, array, nat, option, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Usage } from "../types.ts";
import { type Cost, costOf } from "./cost-of.ts";
import type { PriceRow } from "./price-row.ts";
import { sumCosts, sumUsage } from "./sum.ts";

const row: PriceRow = { provider: "one", model: "*", from: "2020-01-01", currency: "USD", perMillion: { input: "0.15", output: "0.6" } };
const usageOf = (input: number | null, output: number | null): Usage => ({
  input,
  output,
  cachedInput: null,
  cacheWrite: null,
  reasoning: null,
  from: "provider",
});

describe("sums of several calls", () => {
  test("are what one call of all their tokens costs, and unknown as soon as one of them is", () => {
    const counts = array(record({ input: option(nat(100_000), { freq: 20 }), output: nat(100_000) }), { minLength: 1, maxLength: 6 });
    assert(
      property(counts, (calls) => {
        const usages = calls.map(({ input, output }) => usageOf(input, output));
        const total = sumUsage(usages);
        const isKnown = calls.every(({ input }) => input !== null);
        expect(total.input).toBe(isKnown ? calls.reduce((sum, { input }) => sum + input!, 0) : null);
        const cost = sumCosts(usages.map((usage) => costOf(usage, row)));
        expect(cost.amount).toBe(isKnown ? costOf(total, row).amount : null);
        expect(cost.currency).toBe("USD");
      }),
    );
  });

  test("say so when a part was counted by a tokenizer, or not at all", () => {
    const counted: Cost = costOf({ ...usageOf(1, 1), from: "tokenizer" }, row);
    expect(sumCosts([costOf(usageOf(1, 1), row), counted]).from).toBe("tokenizer");
    expect(sumUsage([usageOf(1, 1), { ...usageOf(1, 1), from: "tokenizer" }]).from).toBe("tokenizer");
    expect(sumCosts([costOf(usageOf(1, 1), row), null])).toMatchObject({ amount: null, currency: null });
    expect(sumUsage([usageOf(1, 1), null]).output).toBeNull();
    expect([sumCosts([]).amount, sumUsage([]).output]).toEqual(["0", 0]);
  });
});
