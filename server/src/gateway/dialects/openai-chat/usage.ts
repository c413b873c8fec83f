import type { Usage } from "../../types.ts";

/** What the provider counted; null where it says nothing that is a count. */
export function parseUsage(raw: unknown): Usage | null {
  if (typeof raw !== "object" || raw === null) return null;
  const usage = raw as Record<string, unknown>;
  return {
    input: count(usage["prompt_tokens"]),
    output: count(usage["completion_tokens"]),
    cachedInput: detail(usage["prompt_tokens_details"], "cached_tokens"),
    cacheWrite: detail(usage["prompt_tokens_details"], "cache_write_tokens"),
    reasoning: detail(usage["completion_tokens_details"], "reasoning_tokens"),
    from: "provider",
  };
}

/** The three sums must be numbers in this format, so the unknown is 0 there; a detail that is unknown is left out. */
export function writeUsage(usage: Usage): Record<string, unknown> {
  const input = usage.input ?? 0;
  const output = usage.output ?? 0;
  const prompt = {
    ...(usage.cachedInput === null ? {} : { cached_tokens: usage.cachedInput }),
    ...(usage.cacheWrite === null ? {} : { cache_write_tokens: usage.cacheWrite }),
  };
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(Object.keys(prompt).length > 0 ? { prompt_tokens_details: prompt } : {}),
    ...(usage.reasoning === null ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  };
}

function detail(details: unknown, name: string): number | null {
  return typeof details === "object" && details !== null ? count((details as Record<string, unknown>)[name]) : null;
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
