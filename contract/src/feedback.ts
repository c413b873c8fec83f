import { z } from "zod";
import { idSchema, instantSchema } from "./wire.ts";

export const feedbackKindSchema = z.enum(["label", "rating", "comment", "correction"]);
export const feedbackItemSchema = z.object({
  inferenceId: idSchema,
  kind: feedbackKindSchema,
  /** label: the true label; rating: -1 to 1; comment: text; correction: the right output. */
  value: z.unknown(),
  /** Who or what said so: a person, a reader, a rule. */
  source: z.string().min(1).max(100),
  occurredAt: instantSchema.optional(),
});
export type FeedbackItem = z.infer<typeof feedbackItemSchema>;
export const submitFeedbackSchema = z.object({ items: z.array(feedbackItemSchema).min(1).max(1000) });
/** `repeated`: the same source said the same about the same inference before; it is kept once. */
export const feedbackResultSchema = z.object({
  inferenceId: z.string(),
  status: z.enum(["accepted", "repeated", "refused"]),
  id: idSchema.nullable(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
});
export const feedbackReceiptSchema = z.object({
  accepted: z.int(),
  repeated: z.int(),
  refused: z.int(),
  results: z.array(feedbackResultSchema),
});
export type FeedbackReceipt = z.infer<typeof feedbackReceiptSchema>;
export const feedbackSchema = feedbackItemSchema.extend({
  id: idSchema,
  function: z.string(),
  recordedAt: instantSchema,
  occurredAt: instantSchema,
});
export const feedbackStatsSchema = z.object({
  accepted: z.int(),
  repeated: z.int(),
  refused: z.int(),
  labelled: z.int(),
  unlabelled: z.int(),
});

export const curateSchema = z.object({
  function: z.string(),
  dataset: z.string(),
  /** Only inferences that occurred before this. */
  until: instantSchema.optional(),
  /** Also take the rows of this earlier dataset (`name@version`). */
  parent: z.string().optional(),
  holdout: z.number().min(0.05).max(0.5).default(0.2),
});
