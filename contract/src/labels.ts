import { z } from "zod";
import { estimateSchema } from "./wire.ts";

export const checkLabelsSchema = z.strictObject({
  /** `noise-rate` is cautious of rows where labels are often mistaken for each other; `confident` names fewer rows, surer. */
  method: z.enum(["noise-rate", "confident"]).default("noise-rate"),
  /** How many suspicious rows are answered. */
  limit: z.int().min(1).max(1000).default(100),
  /** Out-of-sample probabilities of a better model, one line a row of the version, in its order; without them a small model is trained. */
  predicted: z
    .strictObject({ labels: z.array(z.string()).min(2).max(200), probabilities: z.array(z.array(z.number().min(0).max(1))).min(1) })
    .optional(),
});
export type CheckLabels = z.infer<typeof checkLabelsSchema>;

export const labelCheckSchema = z.object({
  /** `name@version`. */
  reference: z.string(),
  /** Rows with a label. */
  rows: z.int(),
  /** `naive-bayes`, each row judged by all others, or `given`. */
  judge: z.enum(["naive-bayes", "given"]),
  /** How often the judge names the given label. Where it is often wrong itself, it accuses the innocent. */
  agreement: estimateSchema,
  suspicious: z.int(),
  labels: z.array(z.object({ label: z.string(), rows: z.int(), suspicious: z.int(), threshold: z.number().nullable() })),
  /** `counts[given][likely]`: rows given one label that are estimated to be of the other. */
  joint: z.object({ labels: z.array(z.string()), counts: z.array(z.array(z.int())) }),
  /** Most suspicious first. */
  items: z.array(
    z.object({
      /** Its place among the rows of the version: `.../rows?offset=<row>&limit=1`. */
      row: z.int(),
      given: z.string(),
      likely: z.string(),
      /** Probability of the given label. */
      selfConfidence: z.number(),
      /** 0: surely wrong; 0.5: undecided. */
      margin: z.number(),
      values: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type LabelCheck = z.infer<typeof labelCheckSchema>;

export const combineLabelsQuerySchema = z.object({
  method: z.enum(["majority", "dawid-skene", "label-model"]).default("dawid-skene"),
});
export type CombineLabelsQuery = z.infer<typeof combineLabelsQuerySchema>;

export const combinedLabelsSchema = z.object({
  method: z.string(),
  votes: z.int(),
  iterations: z.int(),
  labels: z.array(z.object({ label: z.string(), items: z.int() })),
  /** Least sure first: what to ask about next. */
  items: z.array(z.object({ item: z.string(), label: z.string(), confidence: z.number(), votes: z.int() })),
  sources: z.array(
    z.object({
      source: z.string(),
      votes: z.int(),
      /** Share of the items it voted on. */
      coverage: z.number(),
      /** Share of its votes that are right, as far as the combined labels are believed. */
      accuracy: z.number(),
    }),
  ),
  /** Beyond chance: 1 is full agreement, 0 what chance would give. Null where the figure does not exist. */
  agreement: z.object({
    /** Items with two votes or more. */
    items: z.int(),
    krippendorff: z.number().nullable(),
    krippendorffInterval: z.number().nullable(),
    fleiss: z.number().nullable(),
    cohen: z.number().nullable(),
    cohenQuadratic: z.number().nullable(),
  }),
});
export type CombinedLabels = z.infer<typeof combinedLabelsSchema>;
