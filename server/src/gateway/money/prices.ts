import type { PriceRow } from "./price-row.ts";

/**
 * Prices that the makers of the models publish for their own API, in dollars per million tokens, as of November 2026:
 * developers.openai.com/api/docs/pricing and its page of each model; platform.claude.com/docs/en/about-claude/pricing.
 *
 * `from` is the day a model came out, or the day its price became this one. Writing to Anthropic's cache is priced for the default
 * of five minutes. Not here, because a row has no place for it: faster or priority service, a surcharge for a region, an hour in the
 * cache, tools with a price per call, and models that cost more beyond some length of prompt (GPT-5.4 and later, Haiku 5.5). Their
 * cost is unknown until the configuration says one. Names that end in `-20*` are the dated releases of the name before them; a
 * shorter pattern would price models that are not out yet.
 */
const published: readonly (Omit<PriceRow, "model" | "currency"> & { readonly models: readonly string[] })[] = [
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
    provider: "openai",
    models: ["gpt-5.1", "gpt-5.1-20*"],
    from: "2025-11-13",
    perMillion: { input: "1.25", output: "10", cachedInput: "0.125" },
    batch: "0.5",
  },
  {
    provider: "openai",
    models: ["gpt-5.2", "gpt-5.2-20*"],
    from: "2025-12-11",
    perMillion: { input: "1.75", output: "14", cachedInput: "0.175" },
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
    models: ["claude-sonnet-5"],
    from: "2026-06-30",
    perMillion: { input: "2", output: "10", cachedInput: "0.2", cacheWrite: "2.5" },
    batch: "0.5",
  },
  {
    provider: "anthropic",
    models: ["claude-sonnet-5-5"],
    from: "2026-09-28",
    perMillion: { input: "2", output: "10", cachedInput: "0.2", cacheWrite: "2.5" },
    batch: "0.5",
  },
  // Reading from the cache became cheaper.
  {
    provider: "anthropic",
    models: ["claude-sonnet-5-5"],
    from: "2026-10-07",
    perMillion: { input: "2", output: "10", cachedInput: "0.1", cacheWrite: "2.5" },
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
  {
    provider: "anthropic",
    models: ["claude-opus-5-5"],
    from: "2026-09-22",
    perMillion: { input: "4", output: "20", cachedInput: "0.2", cacheWrite: "5" },
    batch: "0.5",
  },
];

export const publishedPrices: readonly PriceRow[] = published.flatMap(({ models, ...row }) =>
  models.map((model) => ({ ...row, model, currency: "USD" as const })),
);
