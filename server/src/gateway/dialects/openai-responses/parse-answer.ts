import { z } from "zod";
import { AppError } from "../../../core/index.ts";
import type { ChatAnswer, ContentPart, LogProbability } from "../../types.ts";
import { brokenAnswer, read } from "../openai-chat/refuse.ts";
import { readEncrypted } from "../signatures.ts";
import { readLogProbabilities } from "./log-probabilities.ts";
import { foreign } from "./parse-parts.ts";
import { readFinish } from "./status.ts";
import { parseUsage } from "./usage.ts";

const itemSchema = z.looseObject({ type: z.string() });

const answerSchema = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  status: z.string().nullish(),
  output: z.array(itemSchema),
  usage: z.unknown().optional(),
  error: z.looseObject({ message: z.string().nullish() }).nullish(),
  incomplete_details: z.unknown().optional(),
});

const messageSchema = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().nullish(), refusal: z.string().nullish() })),
});
const callSchema = z.looseObject({ call_id: z.string(), name: z.string(), arguments: z.string() });
const texts = z.array(z.looseObject({ text: z.string() })).nullish();
const reasoningSchema = z.looseObject({ summary: texts, content: texts, encrypted_content: z.string().nullish() });

/** Throws `provider_failed` for what is no answer. */
export function parseAnswer(body: unknown): ChatAnswer {
  const raw = read(answerSchema, body, { path: "", refuse: brokenAnswer });
  if (raw.status === "failed" || raw.status === "cancelled")
    throw new AppError("provider_failed", `The provider's answer is ${raw.status}: ${raw.error?.message ?? "it says no more"}`);
  const content: ContentPart[] = [];
  const logs: LogProbability[] = [];
  for (const [index, item] of raw.output.entries()) content.push(...parseOutputItem(item, `output.${index}`, logs));
  const called = content.some(({ type }) => type === "tool-call");
  // Begun in the background: there is no output yet, and its id is what the caller waits for.
  if (raw.status === "queued" || raw.status === "in_progress") content.push(foreign("status", raw.status));
  return {
    id: raw.id ?? "",
    model: raw.model ?? "",
    content,
    finish: readFinish(raw, called),
    usage: parseUsage(raw.usage),
    ...(logs.length === 0 ? {} : { logProbabilities: logs }),
  };
}

/** An item of a kind that only this dialect has, such as a search, is kept as it is. */
export function parseOutputItem(item: z.output<typeof itemSchema>, path: string, logs: LogProbability[]): ContentPart[] {
  const at = { path, refuse: brokenAnswer };
  switch (item.type) {
    case "message":
      return read(messageSchema, item, at).content.map((part, index): ContentPart => {
        if (part.type === "refusal") return { type: "refusal", text: part.refusal ?? "" };
        if (part.type !== "output_text") return foreign(`${path}.content.${index}`, part);
        logs.push(...(readLogProbabilities(part["logprobs"]) ?? []));
        return { type: "text", text: part.text ?? "" };
      });
    case "function_call": {
      const { call_id: id, name, arguments: text } = read(callSchema, item, at);
      return [{ type: "tool-call", id, name, arguments: text }];
    }
    case "reasoning": {
      const { summary, content, encrypted_content: encrypted } = read(reasoningSchema, item, at);
      const said = [...(summary ?? []), ...(content ?? [])];
      const signature = readEncrypted(encrypted ?? "");
      if (said.length === 0) return signature === undefined ? [] : [{ type: "redacted-thinking", data: signature }];
      const text = said.map((part) => part.text).join("\n\n");
      return [{ type: "thinking", text, ...(signature === undefined ? {} : { signature }) }];
    }
    default:
      return [foreign(path, item)];
  }
}
