import type { Usage } from "../types.ts";
import type { Cost } from "./cost-of.ts";
import { formatDecimal, parseDecimal } from "./decimal.ts";

/** What several calls cost together: null as soon as one of them is not known, or they are in different currencies. */
export function sumCosts(costs: readonly (Cost | null)[]): Cost {
  if (costs.length === 0) return nothing;
  const currencies = new Set(costs.map((cost) => cost?.currency ?? null));
  const [currency = null] = currencies.size === 1 ? [...currencies] : [];
  const add = (pick: (cost: Cost) => string | null) =>
    currency === null ? null : sumTexts(costs.map((cost) => (cost === null ? null : pick(cost))));
  return {
    amount: add((cost) => cost.amount),
    currency,
    from: costs.some((cost) => cost?.from === "tokenizer") ? "tokenizer" : (costs[0]?.from ?? null),
    parts: {
      input: add((cost) => cost.parts.input),
      output: add((cost) => cost.parts.output),
      cachedInput: add((cost) => cost.parts.cachedInput),
      cacheWrite: add((cost) => cost.parts.cacheWrite),
    },
  };
}

const nothing: Cost = { amount: "0", currency: null, from: null, parts: { input: "0", output: "0", cachedInput: "0", cacheWrite: "0" } };

/** The same of tokens. */
export function sumUsage(usages: readonly (Usage | null)[]): Usage {
  const add = (pick: (usage: Usage) => number | null) => {
    const counts = usages.map((usage) => (usage === null ? null : pick(usage)));
    return counts.every((count) => count !== null) ? counts.reduce((sum, count) => sum + count, 0) : null;
  };
  return {
    input: add((usage) => usage.input),
    output: add((usage) => usage.output),
    cachedInput: add((usage) => usage.cachedInput),
    cacheWrite: add((usage) => usage.cacheWrite),
    reasoning: add((usage) => usage.reasoning),
    from: usages.some((usage) => usage?.from === "tokenizer") ? "tokenizer" : "provider",
  };
}

function sumTexts(amounts: readonly (string | null)[]): string | null {
  if (!amounts.every((amount) => amount !== null)) return null;
  return formatDecimal(amounts.reduce((sum, amount) => sum + parseDecimal(amount), 0n));
}
