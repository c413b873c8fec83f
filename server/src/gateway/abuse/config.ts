import { z } from "zod";

export const abuseSchema = z
  .strictObject({
    /** From this score on calls wait, the longer the higher it is. */
    slowAt: z.number().positive().default(20),
    /** From this score on they are refused until it has fallen below. */
    blockAt: z.number().positive().default(60),
    /** In which a score falls to half of itself. */
    halfLifeSeconds: z.int().positive().max(86_400).default(300),
    /** The longest wait. */
    maxDelayMs: z.int().min(0).max(30_000).default(3000),
    /** Where nodes share scores (`gateway.redis`) and their store cannot be reached. */
    whenStoreIsAway: z.enum(["refuse", "local"]).default("local"),
    /** What one of these adds to a score. */
    weights: z
      .strictObject({
        /** A budget or a limit had no room. */
        refusal: z.number().min(0).default(1),
        /** A provider answered 4xx: the request was wrong. */
        providerError: z.number().min(0).default(1),
        /** A provider's filter cut the answer off. */
        filtered: z.number().min(0).default(5),
      })
      .prefault({}),
  })
  .refine(({ slowAt, blockAt }) => slowAt < blockAt, { path: ["blockAt"], error: "must be more than slowAt" });
export type AbuseConfig = z.output<typeof abuseSchema>;
