import type { ChatRequest, DialectName } from "../types.ts";

type Named = "format" | "logProbabilities" | "reasoning" | "stop";

const names: Readonly<Record<DialectName, Readonly<Record<Named, string>>>> = {
  "openai-chat": { format: "response_format", logProbabilities: "logprobs", reasoning: "reasoning_effort", stop: "stop" },
  "openai-responses": { format: "text.format", logProbabilities: "include", reasoning: "reasoning.effort", stop: "stop" },
  "anthropic-messages": { format: "output_config.format", logProbabilities: "logprobs", reasoning: "thinking", stop: "stop_sequences" },
};

/** What a caller called it: an error names a field so that he finds it in what he wrote. */
export function callerName(field: Named, { dialect }: Pick<ChatRequest, "dialect">): string {
  return dialect === undefined ? field : names[dialect][field];
}
