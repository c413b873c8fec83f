import { z } from "zod";
import { textOrBlocks } from "./block-schemas.ts";

/** The body of POST /v1/messages, as far as another dialect could mean it too. The rest is foreign. */
export const requestSchema = z.looseObject({
  model: z.string().min(1),
  max_tokens: z.int().nonnegative(),
  system: textOrBlocks.nullish(),
  messages: z.array(z.strictObject({ role: z.enum(["user", "assistant"]), content: textOrBlocks })),
  stream: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.int().nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  tools: z.array(z.looseObject({ type: z.string().nullish() })).nullish(),
  tool_choice: z.looseObject({ type: z.string() }).nullish(),
  thinking: z.looseObject({ type: z.string() }).nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  output_config: z.looseObject({}).nullish(),
  output_format: z.looseObject({ type: z.string() }).nullish(),
});

export const toolSchema = z.strictObject({
  type: z.literal("custom").optional(),
  name: z.string(),
  description: z.string().optional(),
  input_schema: z.looseObject({}),
  strict: z.boolean().optional(),
  cache_control: z.looseObject({}).optional(),
});

export const toolChoiceSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.enum(["auto", "any", "none"]), disable_parallel_tool_use: z.boolean().optional() }),
  z.strictObject({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: z.boolean().optional() }),
]);

export const thinkingSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("enabled"), budget_tokens: z.int() }),
  z.strictObject({ type: z.literal("disabled") }),
]);

export const formatSchema = z.strictObject({ type: z.literal("json_schema"), schema: z.looseObject({}) });

/** How hard a model may be told to work. */
export const effortSchema = z.enum(["low", "medium", "high", "xhigh", "max"]);
