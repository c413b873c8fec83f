import { z } from "zod";

const cache = { cache_control: z.looseObject({}).optional() };

const base64 = z.strictObject({ type: z.literal("base64"), media_type: z.string(), data: z.string() });
const url = z.strictObject({ type: z.literal("url"), url: z.string() });
const file = z.strictObject({ type: z.literal("file"), file_id: z.string() });
const plainText = z.strictObject({ type: z.literal("text"), media_type: z.literal("text/plain"), data: z.string() });

export const imageSource = z.discriminatedUnion("type", [base64, url, file]);
export const documentSource = z.discriminatedUnion("type", [base64, url, file, plainText]);

export const blocks = z.array(z.looseObject({ type: z.string() }));
export const textOrBlocks = z.union([z.string(), blocks]);

/** The content blocks another dialect can mean too. Strict: a block with more fields than these is foreign. */
export const blockSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string(), ...cache }),
  z.strictObject({ type: z.literal("image"), source: imageSource, ...cache }),
  z.strictObject({ type: z.literal("document"), source: documentSource, title: z.string().optional(), ...cache }),
  z.strictObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string().optional() }),
  z.strictObject({ type: z.literal("redacted_thinking"), data: z.string() }),
  z.strictObject({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.looseObject({}), ...cache }),
  z.strictObject({
    type: z.literal("tool_result"),
    tool_use_id: z.string(),
    content: textOrBlocks.optional(),
    is_error: z.boolean().optional(),
    ...cache,
  }),
]);

export type Block = z.infer<typeof blockSchema>;
