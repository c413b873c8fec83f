import { z } from "zod";
import { parseDecimal } from "../money/decimal.ts";

/** Counts are kept in billionths of a dollar as whole numbers of at most 53 bits. */
const mostUsd = 9_000_000n;
const mostWindowSeconds = 31 * 86_400;

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and dashes, at most 64");
const dimension = z.union([
  z.enum(["project", "principal", "user", "address", "function"]),
  z.templateLiteral(["tag:", z.string().min(1).max(64)]),
]);
export type Dimension = z.output<typeof dimension>;

/** A name, or its beginning and a `*`. */
const pattern = z.string().regex(/^([^*]+|[^*]*\*)$/, { error: "write a name, or its beginning and one * at the end" });

const usd = z
  .string()
  .regex(/^\d{1,7}(\.\d{1,9})?$/, { error: 'write dollars as decimal text, at most nine digits after the point: "2.50"', abort: true })
  .refine((text) => parseDecimal(text) <= parseDecimal(String(mostUsd)), { error: `at most ${mostUsd} dollars` });

const limitsSchema = z
  .strictObject({
    requests: z.int().positive().optional(),
    tokens: z.int().positive().optional(),
    costUsd: usd.optional(),
  })
  .refine((limits) => Object.keys(limits).length > 0, { error: "name at least one of requests, tokens, costUsd" });

export const budgetSchema = z.strictObject({
  name,
  /** Whom it counts apart: several make a count for each combination. Always within a project. */
  per: z.union([dimension, z.array(dimension).min(1).max(6)]),
  /** Which calls it holds for; absent: all. */
  match: z.strictObject({ function: pattern.optional(), model: pattern.optional() }).prefault({}),
  /** Each the most within any window. */
  limits: limitsSchema,
  windowSeconds: z.int().positive().max(mostWindowSeconds),
  /** Reserved for an answer whose length the caller leaves open, unless this model's answers were longer lately. */
  defaultOutputTokens: z.int().positive().max(1_000_000).default(1024),
  /** Where dollars are limited: a call of a model whose price nobody told us. */
  unknownPrice: z.enum(["refuse", "allow"]).default("refuse"),
  /** Where counts are shared and their store cannot be reached. */
  whenStoreIsAway: z.enum(["refuse", "local"]).default("refuse"),
});
export type BudgetConfig = z.output<typeof budgetSchema>;

export const budgetsSchema = z
  .array(budgetSchema)
  .max(100)
  .default([])
  .superRefine((budgets, refinement) => {
    for (const [index, budget] of budgets.entries())
      if (budgets.findIndex((each) => each.name === budget.name) !== index)
        refinement.addIssue({ code: "custom", path: [index, "name"], message: `there are two budgets "${budget.name}"` });
  });
