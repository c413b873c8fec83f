import type { LogProbability } from "../../types.ts";

interface RawToken {
  readonly token?: unknown;
  readonly logprob?: unknown;
  readonly top_logprobs?: unknown;
}

/** Of a choice's `logprobs`; undefined when it has none. */
export function parseLogProbabilities(raw: unknown): LogProbability[] | undefined {
  const content = (raw as { content?: unknown } | null | undefined)?.content;
  if (!Array.isArray(content) || content.length === 0) return undefined;
  return content.filter(isToken).map((item) => {
    const one = { token: item.token, value: item.logprob };
    if (!Array.isArray(item.top_logprobs) || item.top_logprobs.length === 0) return one;
    return { ...one, top: item.top_logprobs.filter(isToken).map(({ token, logprob }) => ({ token, value: logprob })) };
  });
}

export function writeLogProbabilities(all: readonly LogProbability[]): Record<string, unknown> {
  return { content: all.map((one) => ({ ...writeToken(one), top_logprobs: (one.top ?? []).map(writeToken) })), refusal: null };
}

/** A token may be part of a character, so its bytes cannot be told from its text. */
function writeToken({ token, value }: { token: string; value: number }): Record<string, unknown> {
  return { token, logprob: value, bytes: null };
}

function isToken(item: RawToken | null): item is { token: string; logprob: number; top_logprobs?: unknown } {
  return typeof item?.token === "string" && typeof item.logprob === "number";
}
