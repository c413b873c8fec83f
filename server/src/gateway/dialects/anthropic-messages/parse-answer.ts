import { z } from "zod";
import type { ChatAnswer } from "../../types.ts";
import { blocks } from "./block-schemas.ts";
import { type Place, below, checkShape, compact, given } from "./check-shape.ts";
import { readContent } from "./read-content.ts";
import { readStopReason } from "./stop-reasons.ts";
import { readUsage } from "./usage.ts";

const top: Place = { path: "", code: "provider_failed" };

const answerSchema = z.looseObject({
  id: z.string(),
  type: z.literal("message").optional(),
  role: z.literal("assistant").optional(),
  model: z.string(),
  content: blocks,
  stop_reason: z.string().nullish(),
  stop_sequence: z.string().nullish(),
  usage: z.looseObject({}).nullish(),
});

const counts = new Set(["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]);

export function parseAnswer(body: unknown): ChatAnswer {
  const { id, type: _type, role: _role, model, content, stop_reason, stop_sequence, usage, ...rest } = checkShape(answerSchema, body, top);
  const otherUsage = Object.entries(given(usage ?? {})).filter(([name]) => !counts.has(name));
  const foreign = { ...given(rest), ...(otherUsage.length === 0 ? {} : { usage: Object.fromEntries(otherUsage) }) };
  return compact<ChatAnswer>({
    id,
    model,
    dialect: "anthropic-messages",
    content: readContent(content, below(top, "content")),
    finish: readStopReason(stop_reason),
    stopSequence: stop_reason === "stop_sequence" ? (stop_sequence ?? undefined) : undefined,
    usage: usage === null || usage === undefined ? null : readUsage(usage),
    foreign: Object.keys(foreign).length === 0 ? undefined : foreign,
  });
}
