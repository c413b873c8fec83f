import type { LogProbability } from "../../types.ts";
import { parseLogProbabilities } from "../openai-chat/log-probabilities.ts";

/** Of a text's `logprobs`; undefined when it has none. */
export function readLogProbabilities(raw: unknown): LogProbability[] | undefined {
  const found = parseLogProbabilities({ content: raw });
  return found === undefined || found.length === 0 ? undefined : found;
}

/** A token may be part of a character, so its bytes cannot be told from its text. */
export function writeLogProbabilities(all: readonly LogProbability[]): Record<string, unknown>[] {
  return all.map((one) => ({ ...writeToken(one), top_logprobs: (one.top ?? []).map(writeToken) }));
}

function writeToken({ token, value }: { token: string; value: number }): Record<string, unknown> {
  return { token, logprob: value, bytes: [] };
}
