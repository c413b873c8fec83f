import { describe, expect, test } from "vitest";
import { priceRowSchema } from "./price-row.ts";
import { publishedPrices } from "./prices.ts";

const row = { provider: "openai", model: "gpt-example*", from: "2026-01-01", perMillion: { input: "2.50", output: "10" } };

/** Where a row is wrong. */
function faults(changes: object): string[] {
  return priceRowSchema.safeParse({ ...row, ...changes }).error?.issues.map((issue) => issue.path.join(".")) ?? [];
}

describe("a price in the configuration", () => {
  test("needs a model, a day, and what input and output cost; dollars are understood", () => {
    expect(priceRowSchema.parse(row)).toEqual({ ...row, currency: "USD" });
    expect(faults({ perMillion: { input: "1" } })).toEqual(["perMillion.output"]);
  });

  test("may say what caches, reasoning and batches cost", () => {
    const full = { ...row.perMillion, cachedInput: "0.125", cacheWrite: "3", reasoning: "12" };
    expect(faults({ perMillion: full, batch: "0.5" })).toEqual([]);
  });

  test.each([2.5, "-1", "1e-3", "", "2,50", "$2", "1.0000000000001", "12345678901"])("is no price: %j", (input) => {
    expect(faults({ perMillion: { input, output: "10" } })).toEqual(["perMillion.input"]);
  });

  test.each(["", "a*b", "**", "*a"])("is no model: %j", (model) => {
    expect(faults({ model })).toEqual(["model"]);
  });

  test.each(["gpt-4o", "gpt-*", "*"])("is a model: %j", (model) => {
    expect(faults({ model })).toEqual([]);
  });

  test.each(["2026-02-30", "2026-1-1", "2026-01-01T00:00:00Z", "yesterday"])("is no day: %j", (from) => {
    expect(faults({ from })).toEqual(["from"]);
  });

  test("has no words we do not know: a misspelt price would otherwise be no price", () => {
    expect(faults({ perMillion: { ...row.perMillion, cachedinput: "1" } })).toEqual(["perMillion"]);
    expect(faults({ until: "2027-01-01" })).toEqual([""]);
    expect(faults({ currency: "EUR" })).toEqual(["currency"]);
  });

  test("has no more digits than can be summed exactly, in a batch neither", () => {
    expect(faults({ perMillion: { input: "0.000001", output: "10" } })).toEqual([]);
    expect(faults({ perMillion: { input: "0.0000001", output: "10" } })).toEqual(["perMillion.input"]);
    expect(faults({ perMillion: { input: "1", output: "0.000001" }, batch: "0.5" })).toEqual(["perMillion.output"]);
  });
});

describe("the prices we publish", () => {
  test("are rows a configuration could hold", () => {
    expect(publishedPrices.map((published) => priceRowSchema.parse(published))).toEqual(publishedPrices);
  });

  test("hold one row for a model and a day", () => {
    const keys = publishedPrices.map(({ provider, model, from }) => `${provider}/${model} ${from}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  // A model of embeddings says nothing.
  test.each(publishedPrices.filter(({ perMillion }) => perMillion.output !== "0").map((published) => [published.model, published]))(
    "cost less from a cache, and more to say than to read: %s",
    (_, { perMillion }) => {
      const { input, output, cachedInput = "0", cacheWrite = input } = perMillion;
      expect(Number(cachedInput)).toBeLessThan(Number(input));
      expect(Number(input)).toBeLessThan(Number(output));
      expect(Number(cacheWrite)).toBeGreaterThanOrEqual(Number(input));
    },
  );
});
