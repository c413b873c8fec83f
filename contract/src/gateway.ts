import { z } from "zod";
import { instantSchema, nameSchema } from "./wire.ts";

/** Amounts are decimal text: dollars, tokens or requests. */
export const budgetCountSchema = z.object({
  budget: nameSchema,
  /** Whom it counts: `{ principal: "key:...", user: "ada" }`. An empty value: calls that do not say it. */
  bucket: z.record(z.string(), z.string()),
  kind: z.enum(["requests", "tokens", "costUsd"]),
  windowSeconds: z.int(),
  limit: z.string(),
  used: z.string(),
  /** Held for calls under way. */
  reserved: z.string(),
  left: z.string(),
  /** When the oldest of what is used leaves the window; null when nothing is used. */
  resetsAt: instantSchema.nullable(),
});
export type BudgetCount = z.infer<typeof budgetCountSchema>;

export const budgetsQuerySchema = z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) });

export const budgetsSchema = z.object({
  /** `memory`: this node counts by itself; `shared`: nodes count together; `local`: this node by itself, the shared store is away. */
  store: z.enum(["memory", "shared", "local"]),
  /** Those in use, the one used last first. */
  items: z.array(budgetCountSchema),
});
export type BudgetCounts = z.infer<typeof budgetsSchema>;

/** Answers that a node keeps and tells again: of the caller's project, since the node started. */
export const cacheReportSchema = z.object({
  /** Kept at the moment. */
  entries: z.int(),
  bytes: z.int(),
  /** Of all projects. */
  maxBytes: z.int(),
  /** Calls told a kept answer that was new enough. */
  exact: z.int(),
  /** Told one that was old, while a new one was fetched. */
  stale: z.int(),
  /** Told the answer to an alike question. */
  semantic: z.int(),
  /** Told the answer that an equal call was waiting for. */
  shared: z.int(),
  /** Asked a provider. */
  miss: z.int(),
  /** What those told would have cost. */
  saved: z.array(z.object({ currency: z.string(), amount: z.string() })),
  /** Told answers whose cost nobody knows. */
  savedUnknown: z.int(),
  /** How alike questions must be, by function. */
  calibrations: z.array(
    z.object({
      function: z.string(),
      /** Pairs of questions whose answers were compared. */
      pairs: z.int(),
      /** Cosine; null until the goal is kept. */
      threshold: z.number().nullable(),
      /** The share of equal answers at it, or of all where there is none. */
      precision: z.object({ value: z.number(), low: z.number(), high: z.number(), n: z.int() }),
    }),
  ),
});
export type CacheReport = z.infer<typeof cacheReportSchema>;

/** How many answers were forgotten. */
export const cacheClearedSchema = z.object({ cleared: z.int() });
