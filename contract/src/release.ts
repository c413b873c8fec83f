import { z } from "zod";
import { verdictSchema } from "./evaluation.ts";
import { estimateSchema, hashSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const armSchema = z.object({
  binding: hashSchema,
  variant: z.string(),
  /** For example `triage-mail@2`. */
  label: z.string(),
  role: z.enum(["stable", "canary", "shadow"]),
  /** Share of traffic in [0, 1]; 0 for a shadow. */
  share: z.number().min(0).max(1),
});
export const releaseSchema = z.object({
  id: idSchema,
  function: nameSchema,
  stage: z.enum(["stable", "shadow", "canary", "promoted", "rolled-back"]),
  arms: z.array(armSchema),
  /** Requests seen in this stage, and how many it waits for. */
  requests: z.int(),
  holdRequests: z.int().nullable(),
  /** The label of what was stable before what is stable now: where a rollback goes once no trial is on. Null when there is nothing. */
  before: z.string().nullable(),
  reason: z.string(),
  createdAt: instantSchema,
  createdBy: z.string(),
  active: z.boolean(),
});
export type Release = z.infer<typeof releaseSchema>;
export const rollbackSchema = z.object({ reason: z.string().min(1).max(500) });

export const retrainingStageSchema = z.enum([
  "curate",
  "train",
  "evaluate",
  "gate",
  "shadow",
  "canary",
  "promoted",
  "rolled-back",
  /** A stage did not get its requests in the time it has. */
  "inconclusive",
  "stopped",
  "failed",
]);
/** After these nothing follows. */
export const finalRetrainingStages: ReadonlySet<string> = new Set<z.infer<typeof retrainingStageSchema>>([
  "promoted",
  "rolled-back",
  "inconclusive",
  "stopped",
  "failed",
]);
export const retrainingSchema = z.object({
  id: idSchema,
  function: nameSchema,
  workflowId: z.string(),
  trigger: z.string(),
  stage: retrainingStageSchema,
  dataset: z.string().nullable(),
  modelVersion: z.int().nullable(),
  evaluationId: idSchema.nullable(),
  verdict: verdictSchema.nullable(),
  promoted: z.boolean(),
  reason: z.string().nullable(),
  /** Accuracy of the new champion and the one before on the same later requests, from their late labels. */
  after: z.object({ champion: estimateSchema, previous: estimateSchema, difference: estimateSchema }).nullable(),
  createdAt: instantSchema,
  updatedAt: instantSchema,
});
export type Retraining = z.infer<typeof retrainingSchema>;
export const startRetrainingSchema = z.object({ function: nameSchema, reason: z.string().min(1).max(500) });
