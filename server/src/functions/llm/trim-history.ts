import type { ChatMessage, TextPart } from "../../gateway/index.ts";

export interface Trimmed {
  readonly messages: readonly ChatMessage[];
  /** Tokens of all that is sent, system prompt included: about four bytes each, as no tokenizer is asked. */
  readonly before: number;
  readonly after: number;
}

const bytesPerToken = 4;

/**
 * Leaves out the oldest turns until the rest has at most so many tokens. A turn is what the user said and all that followed from it,
 * so that no tool's call is sent without its result. The system prompt and the last turn stay, however long they are.
 */
export function trimHistory(system: readonly TextPart[], messages: readonly ChatMessage[], maxTokens: number): Trimmed {
  const turns = inTurns(messages);
  const sizes = turns.map(countTokens);
  const before = countTokens(system) + sizes.reduce((sum, size) => sum + size, 0);
  let after = before;
  let from = 0;
  while (after > maxTokens && from < turns.length - 1) after -= sizes[from++]!;
  return { messages: turns.slice(from).flat(), before, after };
}

export function countTokens(part: unknown): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify(part)) / bytesPerToken);
}

function inTurns(messages: readonly ChatMessage[]): ChatMessage[][] {
  const turns: ChatMessage[][] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    const begins = message.role === "user" && !message.content.some((part) => part.type === "tool-result");
    if (last === undefined || begins) turns.push([message]);
    else last.push(message);
  }
  return turns;
}
