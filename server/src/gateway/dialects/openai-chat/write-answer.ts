import type { AnswerContext, ChatAnswer, ContentPart } from "../../types.ts";
import { writeFinish } from "./finish-reasons.ts";
import { writeLogProbabilities } from "./log-probabilities.ts";
import { writeUsage } from "./usage.ts";

type Out = Record<string, unknown>;

/**
 * Several texts are one here, and so are several thoughts. Signatures and redacted thoughts have no place: they are for the provider
 * that made them, and a caller of this dialect could not send them back.
 */
export function writeAnswer(answer: ChatAnswer, context: AnswerContext): Out {
  const own = (answer.dialect === "openai-chat" ? (answer.foreign ?? {}) : {}) as Out;
  const { choices: others, "choices.0": ofChoice, "choices.0.message": ofMessage, ...foreign } = own;
  const choice = {
    index: 0,
    message: { ...writeMessage(answer.content), ...(ofMessage as Out | undefined) },
    logprobs: answer.logProbabilities === undefined ? null : writeLogProbabilities(answer.logProbabilities),
    finish_reason: writeFinish(answer.finish),
    ...(ofChoice as Out | undefined),
  };
  return {
    id: answer.id,
    object: "chat.completion",
    created: context.created,
    model: context.model,
    choices: [choice, ...((others ?? []) as unknown[])],
    ...(answer.usage === null ? {} : { usage: writeUsage(answer.usage) }),
    ...foreign,
  };
}

function writeMessage(content: readonly ContentPart[]): Out {
  const thinking = joined(content, "thinking");
  const calls = content.filter((part) => part.type === "tool-call");
  return {
    role: "assistant",
    content: joined(content, "text"),
    refusal: joined(content, "refusal"),
    ...(thinking === null ? {} : { reasoning_content: thinking }),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map(({ id, name, arguments: text }) => ({ id, type: "function", function: { name, arguments: text } })) }),
  };
}

type Spoken = ContentPart & { type: "text" | "thinking" | "refusal" };

function joined(content: readonly ContentPart[], type: Spoken["type"]): string | null {
  const texts = content.filter((part): part is Spoken => part.type === type);
  return texts.length === 0 ? null : texts.map(({ text }) => text).join("");
}
