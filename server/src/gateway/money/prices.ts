import type { PriceRow } from "./price-row.ts";

/**
 * What the makers of the models ask for on their own API, in dollars per million tokens, read in November 2026 from their pages of
 * prices and models. They change: rows of the configuration go before these, and a model that is not here costs `null`.
 *
 * Writing to Anthropic's cache is priced for the default of five minutes. Not here, because a row has no place for it: priority
 * service, surcharges for a region, an hour in the cache, tools with a price per call, models that cost more beyond some length of
 * prompt. Names that end in `-20*` are the dated releases of the name before them; a shorter pattern would price models that are not
 * out yet.
 */
const published: readonly (Omit<PriceRow, "model" | "currency"> & { readonly models: readonly string[] })[] = [
  {
    provider: "openai",
    models: ["text-embedding-3-small"],
    from: "2024-01-25",
    perMillion: { input: "0.02", output: "0" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["text-embedding-3-large"],
    from: "2024-01-25",
    perMillion: { input: "0.13", output: "0" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-4o-2024-05-13"],
    from: "2024-05-13",
    perMillion: { input: "5", output: "15" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-4o", "gpt-4o-20*"],
    from: "2024-10-02",
    perMillion: { input: "2.5", output: "10", cachedInput: "1.25" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-4o-mini", "gpt-4o-mini-20*"],
    from: "2024-10-02",
    perMillion: { input: "0.15", output: "0.6", cachedInput: "0.075" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-4.1", "gpt-4.1-20*"],
    from: "2025-04-14",
    perMillion: { input: "2", output: "8", cachedInput: "0.5" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-4.1-mini", "gpt-4.1-mini-20*"],
    from: "2025-04-14",
    perMillion: { input: "0.4", output: "1.6", cachedInput: "0.1" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-4.1-nano", "gpt-4.1-nano-20*"],
    from: "2025-04-14",
    perMillion: { input: "0.1", output: "0.4", cachedInput: "0.025" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-5", "gpt-5-20*"],
    from: "2025-08-07",
    perMillion: { input: "1.25", output: "10", cachedInput: "0.125" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-5-mini", "gpt-5-mini-20*"],
    from: "2025-08-07",
    perMillion: { input: "0.25", output: "2", cachedInput: "0.025" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-5-nano", "gpt-5-nano-20*"],
    from: "2025-08-07",
    perMillion: { input: "0.05", output: "0.4", cachedInput: "0.005" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-haiku-4-5", "claude-haiku-4-5-20*"],
    from: "2025-10-15",
    perMillion: { input: "1", output: "5", cachedInput: "0.1", cacheWrite: "1.25" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-sonnet-4-5", "claude-sonnet-4-5-20*"],
    from: "2025-09-29",
    perMillion: { input: "3", output: "15", cachedInput: "0.3", cacheWrite: "3.75" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-sonnet-4-6"],
    from: "2026-03-13",
    perMillion: { input: "3", output: "15", cachedInput: "0.3", cacheWrite: "3.75" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-opus-4-5", "claude-opus-4-5-20*"],
    from: "2025-11-24",
    perMillion: { input: "5", output: "25", cachedInput: "0.5", cacheWrite: "6.25" },
    batch: "0.5",
  },
  // From the day on that a long prompt costs no more.
  {
    provider: "anthropic",
    models: ["claude-opus-4-6"],
    from: "2026-03-13",
    perMillion: { input: "5", output: "25", cachedInput: "0.5", cacheWrite: "6.25" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-opus-4-7"],
    from: "2026-04-16",
    perMillion: { input: "5", output: "25", cachedInput: "0.5", cacheWrite: "6.25" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-opus-4-8"],
    from: "2026-05-28",
    perMillion: { input: "5", output: "25", cachedInput: "0.5", cacheWrite: "6.25" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-opus-5"],
    from: "2026-07-24",
    perMillion: { input: "5", output: "25", cachedInput: "0.5", cacheWrite: "6.25" },
    batch: "0.5",
  },
];

export const publishedPrices: readonly PriceRow[] = published.flatMap(({ models, ...row }) =>
  models.map((model) => ({ ...row, model, currency: "USD" as const })),
);
