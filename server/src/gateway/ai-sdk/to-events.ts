import { providerFailed } from "../exchange/failures.ts";
import type { ChatEvent, FinishReason, Usage } from "../types.ts";
import type { ContentItem, GenerateResult, ModelUsage, StreamPart } from "./language-model.ts";

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  "content-filter": "filter",
  "tool-calls": "tool-calls",
};

/** What a model answers that no caller's dialect could hear: better no answer than half of one. */
const unheard: readonly string[] = ["file", "reasoning-file", "custom", "tool-result", "tool-approval-request"];

export function wholeEvents({ content, response, finishReason, usage }: GenerateResult, model: string): ChatEvent[] {
  const said = content.flatMap((item, part) => itemEvents(item, part));
  return [{ type: "start", id: response?.id ?? "", model: response?.modelId ?? model }, ...said, ...endEvents({ finishReason, usage })];
}

function itemEvents(item: ContentItem, part: number): ChatEvent[] {
  if (unheard.includes(item.type)) throw notHeard(item.type);
  if (item.type === "text") return [{ type: "text", part, text: item.text }];
  if (item.type === "reasoning") return [{ type: "thinking", part, text: item.text }];
  if (item.type !== "tool-call") return [];
  return [
    { type: "tool-call", part, id: item.toolCallId, name: item.toolName },
    { type: "arguments", part, text: item.input },
  ];
}

/** One stream's parts as events: blocks are numbered in the order they begin. */
export function createStreamReader(): (part: StreamPart) => ChatEvent[] {
  const numbers = new Map<string, number>();
  const numberOf = (id: string) => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  };
  return (part) => {
    switch (part.type) {
      case "text-delta":
        return [{ type: "text", part: numberOf(`text ${part.id}`), text: part.delta }];
      case "reasoning-delta":
        return [{ type: "thinking", part: numberOf(`reasoning ${part.id}`), text: part.delta }];
      case "tool-input-start":
        return [{ type: "tool-call", part: numberOf(`tool ${part.id}`), id: part.id, name: part.toolName }];
      case "tool-input-delta":
        return [{ type: "arguments", part: numberOf(`tool ${part.id}`), text: part.delta }];
      case "tool-call":
        // Told in pieces before, or all at once.
        return numbers.has(`tool ${part.toolCallId}`) ? [] : itemEvents(part, numberOf(`tool ${part.toolCallId}`));
      case "finish":
        return endEvents(part);
      default:
        if (unheard.includes(part.type)) throw notHeard(part.type);
        return [];
    }
  };
}

function endEvents({
  finishReason,
  usage,
}: {
  readonly finishReason: { readonly unified: string };
  readonly usage: ModelUsage;
}): ChatEvent[] {
  const { unified } = finishReason;
  if (unified === "error" || unified === "interrupted") throw providerFailed(`The answer ended with the reason "${unified}".`, {});
  return [{ type: "finish", finish: reasons[unified] ?? "unknown" }, { type: "usage", usage: usageOf(usage) }, { type: "end" }];
}

function usageOf({ inputTokens, outputTokens }: ModelUsage): Usage {
  return {
    input: inputTokens.total ?? null,
    output: outputTokens.total ?? null,
    cachedInput: inputTokens.cacheRead ?? null,
    cacheWrite: inputTokens.cacheWrite ?? null,
    reasoning: outputTokens.reasoning ?? null,
    from: "provider",
  };
}

function notHeard(type: string): Error {
  return providerFailed(`The model answered with a part of the kind "${type}", which no caller can be told.`, { retryable: false });
}
