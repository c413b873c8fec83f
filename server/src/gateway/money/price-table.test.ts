import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PriceRow } from "./price-row.ts";
import { createPriceTable } from "./price-table.ts";

const noon = Date.UTC(2026, 5, 15, 12);

/** A row that is known by its input price. */
function row(model: string, input: string, from = "2026-01-01"): PriceRow {
  return { provider: "openai", model, from, currency: "USD", perMillion: { input, output: "1" } };
}

function inputOf(table: ReturnType<typeof createPriceTable>, model: string, at = noon): string | undefined {
  return table.find("openai", model, at)?.perMillion.input;
}

describe("the price table", () => {
  test("does not know a model that nobody priced, nor one of another provider", () => {
    const table = createPriceTable([row("gpt-a", "1")], []);
    expect(table.find("openai", "gpt-b", noon)).toBeNull();
    expect(table.find("openai", "gpt-a-2", noon)).toBeNull();
    expect(table.find("openai", "gpt-", noon)).toBeNull();
    expect(table.find("azure", "gpt-a", noon)).toBeNull();
    expect(table.find("openai", "gpt-a", noon)).toEqual(row("gpt-a", "1"));
  });

  test("changes a price at midnight UTC of its day, and not a millisecond before", () => {
    const table = createPriceTable([row("gpt-a", "1"), row("gpt-a", "2", "2026-07-01")], []);
    const midnight = Date.UTC(2026, 6, 1);
    expect(inputOf(table, "gpt-a", midnight - 1)).toBe("1");
    expect(inputOf(table, "gpt-a", midnight)).toBe("2");
  });

  test("has no price for a time before the first one", () => {
    const table = createPriceTable([row("gpt-a", "1")], []);
    expect(inputOf(table, "gpt-a", Date.UTC(2026, 0, 1) - 1)).toBeUndefined();
    expect(inputOf(table, "gpt-a", Date.UTC(2026, 0, 1))).toBe("1");
  });

  test("takes an exact name before a pattern, and the longer pattern before the shorter", () => {
    const table = createPriceTable([row("*", "1"), row("gpt-*", "2"), row("gpt-a*", "3"), row("gpt-a", "4")], []);
    expect(["other", "gpt-b", "gpt-ab", "gpt-a"].map((model) => inputOf(table, model))).toEqual(["1", "2", "3", "4"]);
  });

  test("takes an exact name also before a pattern that is newer", () => {
    expect(inputOf(createPriceTable([row("gpt-*", "2", "2026-06-01"), row("gpt-a", "1")], []), "gpt-a")).toBe("1");
  });

  test("takes the configuration before what we publish, even its pattern before our exact name and its old row before our new one", () => {
    const table = createPriceTable([row("gpt-*", "9", "2026-02-01")], [row("gpt-a", "1"), row("gpt-a", "2", "2026-06-01")]);
    expect(inputOf(table, "gpt-a")).toBe("9");
    expect(inputOf(table, "gpt-a", Date.UTC(2026, 0, 31))).toBe("1");
  });

  test("answers the same however its rows are ordered", () => {
    const rows = [row("*", "1"), row("gpt-*", "2"), row("gpt-a", "3"), row("gpt-a", "4", "2026-06-01"), row("gpt-a", "5", "2027-01-01")];
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), fc.constantFrom("gpt-a", "gpt-b", "x"), (shuffled, model) => {
        expect(inputOf(createPriceTable(shuffled, []), model)).toBe({ "gpt-a": "4", "gpt-b": "2", x: "1" }[model]);
      }),
    );
  });
});

describe("the prices we publish", () => {
  const table = createPriceTable();
  const at = Date.UTC(2026, 10, 21);

  test("know a model by its name and by its dated releases", () => {
    expect(inputOf(table, "gpt-4o", at)).toBe("2.5");
    expect(inputOf(table, "gpt-4o-2024-11-20", at)).toBe("2.5");
    expect(inputOf(table, "gpt-4o-2024-05-13", at)).toBe("5");
    expect(inputOf(table, "gpt-4o-mini-2024-07-18", at)).toBe("0.15");
    expect(table.find("anthropic", "claude-haiku-4-5-20251001", at)?.perMillion.output).toBe("5");
  });

  test.each(["gpt-5-pro", "gpt-5.9", "gpt-4o-audio-preview", "gpt-4.1-micro", "gpt"])(
    "do not guess the price of a relative: %s",
    (model) => {
      expect(table.find("openai", model, at)).toBeNull();
    },
  );
});
