import { z } from "zod";
import type { ChatAnswer, ContentPart } from "../../types.ts";
import { parseFinish } from "./finish-reasons.ts";
import { parseLogProbabilities } from "./log-probabilities.ts";
import { isPlainAnswer } from "./plain-shapes.ts";
import { brokenAnswer, read } from "./refuse.ts";
import { parseUsage } from "./usage.ts";

const call = z.looseObject({ id: z.string().nullish(), function: z.looseObject({ name: z.string(), arguments: z.string() }) });

const messageSchema = z.looseObject({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(call).nullish(),
});

const answerSchema = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z
    .array(z.looseObject({ message: messageSchema, finish_reason: z.string().nullish(), logprobs: z.unknown().optional() }))
    .min(1, "the answer has no choice"),
  usage: z.unknown().optional(),
});

type Answer = z.output<typeof answerSchema>;

// `object` and `created` are of the envelope: the writer makes them.
const knownFields = ["id", "model", "choices", "usage", "object", "created"];
const knownChoiceFields = ["index", "message", "finish_reason", "logprobs"];
const knownMessageFields = ["role", "content", "refusal", "reasoning_content", "tool_calls"];

/** Throws `provider_failed` for what is no answer. */
export function parseAnswer(body: unknown): ChatAnswer {
  const raw = isPlainAnswer(body) ? (body as Answer) : read(answerSchema, body, { path: "", refuse: brokenAnswer });
  const [choice, ...others] = raw.choices;
  const { message, finish_reason: finish, logprobs } = choice!;
  const logProbabilities = parseLogProbabilities(logprobs);
  const foreign = unknownFields(raw, knownFields);
  const ofChoice = unknownFields(choice!, knownChoiceFields);
  const ofMessage = unknownFields(message, knownMessageFields);
  if (Object.keys(ofChoice).length > 0) foreign["choices.0"] = ofChoice;
  if (Object.keys(ofMessage).length > 0) foreign["choices.0.message"] = ofMessage;
  if (others.length > 0) foreign["choices"] = others;
  return {
    id: raw.id ?? "",
    model: raw.model ?? "",
    content: parseContent(message),
    finish: parseFinish(finish),
    usage: parseUsage(raw.usage),
    ...(logProbabilities === undefined ? {} : { logProbabilities }),
    ...(Object.keys(foreign).length > 0 ? { dialect: "openai-chat", foreign } : {}),
  };
}

function parseContent(message: z.output<typeof messageSchema>): ContentPart[] {
  const content: ContentPart[] = [];
  if (message.reasoning_content) content.push({ type: "thinking", text: message.reasoning_content });
  if (message.content) content.push({ type: "text", text: message.content });
  if (message.refusal) content.push({ type: "refusal", text: message.refusal });
  for (const [index, { id, function: called }] of (message.tool_calls ?? []).entries())
    content.push({ type: "tool-call", id: id ?? `call_${index}`, name: called.name, arguments: called.arguments });
  return content;
}

function unknownFields(raw: Readonly<Record<string, unknown>>, known: readonly string[]): Record<string, unknown> {
  const unknown: Record<string, unknown> = {};
  for (const key of Object.keys(raw)) if (!known.includes(key) && says(raw[key])) unknown[key] = raw[key];
  return unknown;
}

function says(value: unknown): boolean {
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
}
