import { z } from "zod";

// Null is how many clients write "not set".
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);

const tokens = z.number().int().positive();

/** The fields of a request this gateway understands; the rest passes by. */
export const requestSchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  stream: optional(z.boolean()),
  stream_options: optional(z.looseObject({ include_usage: z.boolean().nullish() })),
  max_tokens: optional(tokens),
  max_completion_tokens: optional(tokens),
  temperature: optional(z.number()),
  top_p: optional(z.number()),
  stop: optional(z.union([z.string(), z.array(z.string())], "must be text or a list of texts")),
  seed: optional(z.number().int()),
  n: optional(z.number().int().positive()),
  tools: optional(z.array(z.looseObject({ type: z.string() }))),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: optional(z.boolean()),
  response_format: optional(z.looseObject({ type: z.string() })),
  reasoning_effort: optional(z.string()),
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.number().int().nonnegative()),
  user: optional(z.string()),
  safety_identifier: optional(z.string()),
  metadata: optional(z.record(z.string(), z.string())),
});

export type RequestBody = z.output<typeof requestSchema>;

export const functionToolSchema = z.object({
  function: z.looseObject({
    name: z.string().min(1),
    description: optional(z.string()),
    parameters: optional(z.record(z.string(), z.unknown())),
    strict: optional(z.boolean()),
  }),
});

export const jsonSchemaFormat = z.object({
  json_schema: z.looseObject({
    name: z.string().min(1),
    schema: optional(z.record(z.string(), z.unknown())),
    strict: optional(z.boolean()),
    description: optional(z.string()),
  }),
});

export const namedToolSchema = z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: z.string().min(1) }) });

export const toolMessageSchema = z.looseObject({ tool_call_id: z.string().min(1) });

export const functionCallSchema = z.object({
  id: z.string().min(1),
  function: z.looseObject({ name: z.string().min(1), arguments: z.string() }),
});

export const callListSchema = z.array(z.looseObject({})).nullish();

export const refusalSchema = z.string().nullish();

export const nameSchema = z.string().nullish();

export const textPartSchema = z.looseObject({ text: z.string() });

export const refusalPartSchema = z.looseObject({ refusal: z.string() });

export const imagePartSchema = z.looseObject({ image_url: z.looseObject({ url: z.string().min(1), detail: optional(z.string()) }) });

export const filePartSchema = z.looseObject({
  file: z.looseObject({ file_data: optional(z.string()), file_id: optional(z.string()), filename: optional(z.string()) }),
});
