import { z } from "zod";

/** What a model can do. What is left out is not known, and does not keep a request from it. */
export const capabilityRowSchema = z.strictObject({
  provider: z.string().min(1),
  /** A model, or the beginning of its name and a `*`. */
  model: z.string().regex(/^([^*]+|[^*]*\*)$/, { error: "write a model, or the beginning of its name and one * at the end" }),
  /** Tokens of prompt and answer together. */
  contextTokens: z.int().positive().optional(),
  tools: z.boolean().optional(),
  images: z.boolean().optional(),
  /** Whether it keeps a JSON schema that is asked for. */
  schema: z.boolean().optional(),
  /** Whether it tells how likely each token was. */
  logProbabilities: z.boolean().optional(),
});

export type CapabilityRow = z.output<typeof capabilityRowSchema>;
