import { z } from "zod";

/** The `jobs` part of the configuration. */
export const configSchema = z
  .strictObject({
    /** How often a node says that it lives. */
    heartbeatMs: z.int().min(50).max(60_000).default(2_000),
    /** A node silent for this long is dead: another takes its work. */
    staleAfterMs: z.int().min(200).max(600_000).default(15_000),
    /** How often a queue is looked at when no notification came. */
    pollMs: z.int().min(20).max(60_000).default(250),
    /** Days that workflows which ended, their effects, and events are kept. */
    retainDays: z.int().min(1).max(3660).default(30),
  })
  .refine((config) => config.staleAfterMs >= 3 * config.heartbeatMs, {
    message: "staleAfterMs must be at least three heartbeats",
    path: ["staleAfterMs"],
  })
  .prefault({});
export type JobsConfig = z.infer<typeof configSchema>;
