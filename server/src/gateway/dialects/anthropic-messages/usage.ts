import type { Usage } from "../../types.ts";

/** The API counts the prompt in three: read from the cache, written to it, and the rest. */
export function readUsage(usage: Readonly<Record<string, unknown>>): Usage {
  const rest = count(usage["input_tokens"]);
  const cachedInput = count(usage["cache_read_input_tokens"]);
  const cacheWrite = count(usage["cache_creation_input_tokens"]);
  return {
    input: rest === null ? null : rest + (cachedInput ?? 0) + (cacheWrite ?? 0),
    output: count(usage["output_tokens"]),
    cachedInput,
    cacheWrite,
    reasoning: null,
    from: "provider",
  };
}

/** What nobody counted is zero where the API has no other way to say it. */
export function writeUsage(usage: Usage | null): Record<string, number | null> {
  const cached = usage?.cachedInput ?? null;
  const written = usage?.cacheWrite ?? null;
  return {
    input_tokens: Math.max(0, (usage?.input ?? 0) - (cached ?? 0) - (written ?? 0)),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: usage?.output ?? 0,
  };
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}
