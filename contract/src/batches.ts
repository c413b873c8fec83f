import { z } from "zod";
import { hashSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

/** A dataset version, as people write it: `mail@1`. */
const referenceSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}@[1-9]\d{0,8}$/, "a dataset version, for example mail@1");
const howSchema = {
  /** Fields of the input, each with the column its value is in. Without it a row gives what the input's fields are named after. */
  map: z
    .record(z.string().min(1).max(200), z.string().min(1).max(200))
    .refine((map) => Object.keys(map).length > 0, "name at least one field")
    .optional(),
  /** Rows asked at once; the configuration's `batches.concurrency` without it. */
  concurrency: z.int().min(1).max(256).optional(),
  /** Milliseconds one row may take. */
  deadlineMs: z.int().positive().max(600_000).optional(),
  /** `provider`: asked through the batch API of the model's provider, at its price; each row by itself without it. */
  through: z.enum(["rows", "provider"]).optional(),
  /** A row that the provider's batch gave no answer to: an error (default), or asked by itself at the full price. */
  fallback: z.enum(["error", "ask"]).optional(),
};
/** Where the rows are: a dataset version, or an upload of JSON lines. */
export const createBatchSchema = z.union([
  z.strictObject({ dataset: referenceSchema, ...howSchema }),
  z.strictObject({ uploadId: idSchema, ...howSchema }),
]);
export type CreateBatch = z.infer<typeof createBatchSchema>;

export const batchStatusSchema = z.enum(["queued", "running", "paused", "succeeded", "failed", "cancelled"]);
export const batchFileSchema = z.object({ hash: hashSchema, bytes: z.int() });
export const batchSchema = z.object({
  id: idSchema,
  function: nameSchema,
  status: batchStatusSchema,
  /** `mail@1`, or `upload:<id>`. */
  source: z.string(),
  workflowId: z.string(),
  createdAt: instantSchema,
  createdBy: z.string(),
  startedAt: instantSchema.nullable(),
  endedAt: instantSchema.nullable(),
  concurrency: z.int(),
  rows: z.object({
    total: z.int(),
    /** Answered. */
    done: z.int(),
    /** Without an answer, each with its error in the result. */
    failed: z.int(),
  }),
  /** What foundation models cost for the answered rows, in the prices' currency; null while no model was asked. */
  cost: z.string().nullable(),
  /** Answered rows whose cost is not known, and so not in `cost`. */
  unpriced: z.int(),
  /** Rows a second over the last ten; null unless it runs. */
  rate: z.number().nullable(),
  /** Seconds left at that rate. */
  secondsLeft: z.number().nullable(),
  /** Why it is paused; it goes on by itself. */
  waiting: z.object({ code: z.string(), message: z.string(), since: instantSchema }).nullable(),
  /** Why it ended before its last row. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Of a batch through a provider: who is asked, and once it is sent the provider's id of it and the provider's word on it. */
  provider: z.object({ target: z.string(), id: z.string().nullable(), status: z.string().nullable() }).nullable(),
  /** Once it has ended. */
  result: z.object({ rows: z.int(), jsonl: batchFileSchema, parquet: batchFileSchema }).nullable(),
});
export type Batch = z.infer<typeof batchSchema>;
/** One line of a result; lines are in the order of the rows. */
export const batchRowSchema = z.object({
  /** 1 is the first row of the source. */
  row: z.int(),
  status: z.enum(["ok", "failed"]),
  output: z.unknown(),
  variant: z.string().nullable(),
  binding: hashSchema.nullable(),
  fallback: z.boolean(),
  latencyMs: z.number().nullable(),
  inferenceId: idSchema.nullable(),
  cost: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type BatchRow = z.infer<typeof batchRowSchema>;
export const batchFormatSchema = z.enum(["jsonl", "parquet"]);
export type BatchFormat = z.infer<typeof batchFormatSchema>;
