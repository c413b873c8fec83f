import { z } from "zod";

// Null is how many clients write "not set".
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);

export const itemSchema = z.looseObject({ type: optional(z.string()), role: optional(z.string()) });

/** The fields of a request this gateway understands; the rest passes by. */
export const requestSchema = z.looseObject({
  model: z.string().min(1),
  input: optional(z.union([z.string(), z.array(itemSchema)], "must be text or a list of items")),
  instructions: optional(z.string()),
  stream: optional(z.boolean()),
  stream_options: optional(z.looseObject({ include_obfuscation: optional(z.boolean()) })),
  store: optional(z.boolean()),
  max_output_tokens: optional(z.int().positive()),
  temperature: optional(z.number()),
  top_p: optional(z.number()),
  top_logprobs: optional(z.int().nonnegative()),
  include: optional(z.array(z.string())),
  tools: optional(z.array(z.looseObject({ type: z.string() }))),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: optional(z.boolean()),
  text: optional(z.looseObject({ format: optional(z.looseObject({ type: z.string() })) })),
  reasoning: optional(z.looseObject({ effort: optional(z.string()) })),
  user: optional(z.string()),
  safety_identifier: optional(z.string()),
  metadata: optional(z.record(z.string(), z.string())),
});
export type RequestBody = z.output<typeof requestSchema>;
export type RawItem = z.output<typeof itemSchema>;

export const functionToolSchema = z.looseObject({
  name: z.string().min(1),
  description: optional(z.string()),
  parameters: optional(z.record(z.string(), z.unknown())),
  strict: optional(z.boolean()),
});

export const namedToolSchema = z.strictObject({ type: z.literal("function"), name: z.string().min(1) });

export const jsonSchemaFormat = z.looseObject({
  name: z.string().min(1),
  schema: optional(z.record(z.string(), z.unknown())),
  strict: optional(z.boolean()),
  description: optional(z.string()),
});

export const partListSchema = z.array(z.looseObject({ type: z.string() }));
export const textPartSchema = z.looseObject({ text: z.string() });
export const refusalPartSchema = z.looseObject({ refusal: z.string() });
export const imagePartSchema = z.looseObject({
  image_url: optional(z.string()),
  file_id: optional(z.string()),
  detail: optional(z.string()),
});
export const filePartSchema = z.looseObject({
  file_data: optional(z.string()),
  file_id: optional(z.string()),
  file_url: optional(z.string()),
  filename: optional(z.string()),
});

export const functionCallSchema = z.looseObject({ call_id: z.string().min(1), name: z.string().min(1), arguments: z.string() });
export const functionOutputSchema = z.looseObject({ call_id: z.string().min(1) });
const texts = z.array(z.looseObject({ text: z.string() }));
export const reasoningSchema = z.looseObject({
  summary: optional(texts),
  content: optional(texts),
  encrypted_content: optional(z.string()),
});
