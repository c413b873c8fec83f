import { z } from "zod";

/** `batches` of the configuration. */
export const batchesConfigSchema = z
  .strictObject({
    /** Rows of one batch that are asked at once, where its request names no number. */
    concurrency: z.int().min(1).max(256).default(8),
    /** The most that a request may name. */
    maxConcurrency: z.int().min(1).max(256).default(64),
    /** Batches that run at once over all nodes; further ones wait their turn. */
    atOnce: z.int().min(1).max(64).default(4),
    /** Of a batch through a provider: how long after a look at it comes the next. */
    providerPollMs: z.int().min(10).max(3_600_000).default(60_000),
  })
  .refine(({ concurrency, maxConcurrency }) => concurrency <= maxConcurrency, {
    path: ["concurrency"],
    message: "must not be more than maxConcurrency",
  })
  .prefault({});
export type BatchesConfig = z.infer<typeof batchesConfigSchema>;
