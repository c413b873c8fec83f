import { z } from "zod";
import { estimateSchema, functionNameSchema, hashSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

/** What a function is for, who answers for it, and how far it may go. */
export const purposeSchema = z.object({
  objective: z.string(),
  /** The decision its answer changes. */
  decision: z.string(),
  /** The cost of each kind of error, in plain words. */
  errors: z.array(z.object({ error: z.string(), cost: z.string() })),
});
export const variantKindSchema = z.enum([
  "model",
  "rules",
  "llm",
  "agent",
  "remote",
  "compose",
  "best-of",
  "examples",
  "message",
  "last-good",
]);
export const variantSchema = z.object({
  name: nameSchema,
  kind: variantKindSchema,
  /** The hash of the binding a request gets now; null when it cannot be bound yet. */
  binding: hashSchema.nullable(),
  /** Every reference resolved to a version. */
  resolved: z.record(z.string(), z.unknown()),
  ready: z.boolean(),
});
export const functionSchema = z.object({
  name: nameSchema,
  owner: z.string(),
  boundary: z.string(),
  latencyBudgetMs: z.int(),
  off: z.boolean(),
  variants: z.array(variantSchema),
  fallback: z.array(z.string()),
  /** Of the variants in `fallback` that are asked only under one. */
  conditions: z.record(z.string(), z.string()).optional(),
});
export type FunctionSummary = z.infer<typeof functionSchema>;
export const trafficSchema = z.object({
  variant: z.string(),
  binding: hashSchema.nullable(),
  requests: z.int(),
  fallbacks: z.int(),
  failures: z.int(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
export const functionDetailSchema = functionSchema.extend({
  purpose: purposeSchema,
  inputSchema: z.unknown(),
  outputSchema: z.unknown(),
  maxBodyBytes: z.int(),
  traffic: z.array(trafficSchema),
});
export type FunctionDetail = z.infer<typeof functionDetailSchema>;

/** One point of a chart: what happened in a bucket of `occurred_at`. */
export const seriesPointSchema = z.object({
  from: instantSchema,
  to: instantSchema,
  requests: z.int(),
  fallbacks: z.int(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  variants: z.record(z.string(), z.int()),
  labels: z.record(z.string(), z.int()),
  accuracy: estimateSchema.nullable(),
});
export type SeriesPoint = z.infer<typeof seriesPointSchema>;
export const seriesQuerySchema = z.object({
  buckets: z.coerce.number().int().min(1).max(200).default(30),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
});

export const inferRequestSchema = z.object({
  input: z.unknown(),
  /** When it happened in the caller's world; never in the future. */
  occurredAt: instantSchema.optional(),
  /** Milliseconds the caller will wait; the smaller of this and the function's budget for retries counts. */
  deadlineMs: z.int().positive().max(600_000).optional(),
  /** Variants treated as failing, to exercise the fallback on purpose; with none the chain runs as it is, as a drill. Needs `functions.write`. */
  drill: z.array(nameSchema).max(10).optional(),
  metadata: z.record(z.string().max(64), z.string().max(256)).optional(),
});
export type InferRequest = z.infer<typeof inferRequestSchema>;
export const inferResponseSchema = z.object({
  inferenceId: idSchema,
  function: nameSchema,
  output: z.unknown(),
  variant: z.string(),
  binding: hashSchema,
  fallback: z.boolean(),
  latencyMs: z.number(),
});
export type InferResponse = z.infer<typeof inferResponseSchema>;

export const inferManyRequestSchema = z.strictObject({
  inputs: z.array(z.unknown()).min(1).max(256),
  /** Of each. */
  deadlineMs: z.int().positive().max(600_000).optional(),
  metadata: z.record(z.string().max(64), z.string().max(256)).optional(),
});
export const inferManyResponseSchema = z.object({
  /** In the order of the inputs: the answer, or why there is none. */
  items: z.array(
    z.union([
      inferResponseSchema,
      z.object({ error: z.object({ code: z.string(), detail: z.string(), inferenceId: idSchema.nullable() }) }),
    ]),
  ),
});
export type InferManyResponse = z.infer<typeof inferManyResponseSchema>;

export const inferenceStatusSchema = z.enum(["ok", "failed", "refused", "interrupted"]);
export const inferenceSchema = z.object({
  id: idSchema,
  function: z.string(),
  status: inferenceStatusSchema,
  variant: z.string().nullable(),
  binding: z.string().nullable(),
  /** stable or canary; drill for one that is no traffic. */
  arm: z.string().nullable(),
  fallback: z.boolean(),
  label: z.string().nullable(),
  confidence: z.number().nullable(),
  error: z.string().nullable(),
  latencyMs: z.number(),
  caller: z.string(),
  recordedAt: instantSchema,
  occurredAt: instantSchema,
  /** The newest true label that came back, if any. */
  feedbackLabel: z.string().nullable(),
});
export type Inference = z.infer<typeof inferenceSchema>;
export const stepSchema = z.object({
  name: z.string(),
  kind: z.string(),
  startMs: z.number(),
  durationMs: z.number(),
  status: z.enum(["ok", "failed", "timeout", "skipped"]),
  error: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
type TimedStep = Pick<z.infer<typeof stepSchema>, "kind" | "startMs" | "durationMs">;

/** Whether a step, a lost attempt say, lies within an ask of a model: what it costs is in the cost of that ask already. */
export function isPartOfAsk(step: TimedStep, steps: readonly TimedStep[]): boolean {
  const isAround = (ask: TimedStep) =>
    ask.kind === "ask" && ask.startMs <= step.startMs && step.startMs + step.durationMs <= ask.startMs + ask.durationMs;
  return step.kind !== "ask" && steps.some(isAround);
}

export const inferenceDetailSchema = inferenceSchema.extend({
  input: z.unknown(),
  output: z.unknown().nullable(),
  steps: z.array(stepSchema),
  /** Everything that produced it: config hash, model version and file hash, release, state age, node. */
  produced: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.string()),
  /** The file of the lake the body is in, once it has left SQL. */
  archived: z.string().optional(),
  shadows: z.array(
    z.object({
      binding: z.string(),
      variant: z.string(),
      output: z.unknown().nullable(),
      agrees: z.boolean().nullable(),
      error: z.string().nullable(),
    }),
  ),
  feedback: z.array(
    z.object({
      id: idSchema,
      kind: z.string(),
      value: z.unknown(),
      source: z.string(),
      occurredAt: instantSchema,
      recordedAt: instantSchema,
    }),
  ),
});
export type InferenceDetail = z.infer<typeof inferenceDetailSchema>;
/** What an erasure did: `changed` is false when there was nothing left to erase; `files` of the lake were written anew. */
export const erasedBodySchema = z.object({ id: idSchema, changed: z.boolean(), files: z.int() });
export const inferencesQuerySchema = z.object({
  function: functionNameSchema.optional(),
  variant: z.string().max(64).optional(),
  status: inferenceStatusSchema.optional(),
  label: z.string().max(200).optional(),
  /** Only those whose label and feedback differ. */
  misread: z.enum(["true", "false"]).optional(),
  fallback: z.enum(["true", "false"]).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(200).optional(),
});

/** accepted = stored + rejected + backlog at any moment; backlog goes to zero. */
export const evidenceSchema = z.object({
  accepted: z.int(),
  stored: z.int(),
  rejected: z.int(),
  backlog: z.int(),
  journalBytes: z.int(),
  stateAgeMs: z.number(),
});
export type Evidence = z.infer<typeof evidenceSchema>;
