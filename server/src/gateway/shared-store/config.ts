import { z } from "zod";
import { secretSchema } from "../../core/index.ts";

/** What several nodes share, in Redis or Valkey. */
export const redisSchema = z.strictObject({
  /** `redis://` or `rediss://`. */
  url: secretSchema,
  /** The longest a call waits for it. */
  timeoutMs: z.int().min(10).max(10_000).default(250),
  /** Begins every key. */
  prefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and dashes, at most 64")
    .default("millrace"),
  /** Of a budget that is `local` while it is away: what part of the limit this node may use by itself. One node of four: 0.25. */
  localShare: z.number().positive().max(1).default(0.5),
});
export type RedisConfig = z.output<typeof redisSchema>;
