import { z } from "zod";
import { estimateSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const verdictSchema = z.enum(["pass", "fail", "inconclusive"]);
export type Verdict = z.infer<typeof verdictSchema>;
export const candidateScoreSchema = z.object({
  /** For example `model triage-mail@2` or `rules`. */
  candidate: z.string(),
  role: z.enum(["champion", "challenger", "baseline"]),
  accuracy: estimateSchema,
  ece: z.number().nullable(),
  slices: z.array(z.object({ slice: z.string(), metric: z.string(), estimate: estimateSchema })),
});
export const evaluationSchema = z.object({
  id: idSchema,
  function: nameSchema,
  dataset: z.string(),
  rows: z.int(),
  verdict: verdictSchema,
  /** Why, in one sentence a person can act on. */
  reason: z.string(),
  /** Challenger minus champion on the same rows, 95%. */
  difference: estimateSchema,
  /** Rows that would make an inconclusive comparison conclusive, at the difference seen. */
  missingRows: z.int().nullable(),
  /** True when the rules variant reaches 95% of the champion's accuracy. */
  rulesAreEnough: z.boolean(),
  scores: z.array(candidateScoreSchema),
  createdAt: instantSchema,
});
export type Evaluation = z.infer<typeof evaluationSchema>;
export const createEvaluationSchema = z.object({
  function: nameSchema,
  dataset: z.string(),
  champion: z.int().positive(),
  challenger: z.int().positive(),
});
