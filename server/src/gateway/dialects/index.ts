import type { Dialect, DialectName } from "../types.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";

/** What is spoken, in and out. To add one: a folder with a `Dialect`, and a line here. */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  "openai-chat": openaiChat,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
};

const ofProviders = { openai: openaiChat, "openai-responses": openaiResponses, anthropic: anthropicMessages } as const;

export function dialectOf(provider: keyof typeof ofProviders): Dialect {
  return ofProviders[provider];
}
