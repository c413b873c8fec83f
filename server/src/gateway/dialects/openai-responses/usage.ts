import type { Usage } from "../../types.ts";

/** What the provider counted; null where it says nothing that is a count. */
export function parseUsage(raw: unknown): Usage | null {
  if (typeof raw !== "object" || raw === null) return null;
  const usage = raw as Record<string, unknown>;
  return {
    input: count(usage["input_tokens"]),
    output: count(usage["output_tokens"]),
    cachedInput: detail(usage["input_tokens_details"], "cached_tokens"),
    cacheWrite: detail(usage["input_tokens_details"], "cache_write_tokens"),
    reasoning: detail(usage["output_tokens_details"], "reasoning_tokens"),
    from: "provider",
  };
}

/** Sums and details must be numbers in this format, so the unknown is 0 there. */
export function writeUsage(usage: Usage): Record<string, unknown> {
  const [input, output] = [usage.input ?? 0, usage.output ?? 0];
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cachedInput ?? 0, cache_write_tokens: usage.cacheWrite ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + output,
  };
}

function detail(details: unknown, name: string): number | null {
  return typeof details === "object" && details !== null ? count((details as Record<string, unknown>)[name]) : null;
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
