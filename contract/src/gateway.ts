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
