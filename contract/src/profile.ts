import { z } from "zod";

export const columnProfileSchema = z.object({
  name: z.string(),
  /** DuckDB's. */
  type: z.string(),
  count: z.int(),
  nulls: z.int(),
  distinct: z.int(),
  /** Text is cut at 200 characters; times are ISO 8601; null without values. */
  min: z.unknown(),
  max: z.unknown(),
  /** Numbers only; the quantiles are 0.05, 0.25, 0.5, 0.75, 0.95. */
  mean: z.number().nullable().optional(),
  standardDeviation: z.number().nullable().optional(),
  quantiles: z.array(z.number()).nullable().optional(),
  /** Text only, in characters. */
  minLength: z.number().nullable().optional(),
  maxLength: z.number().nullable().optional(),
});

export const profileQuerySchema = z.object({
  /** Whose contract the rows are held to: `name@version`, or `name` for its latest version. Default: the version's own. */
  contract: z.string().min(1).max(100).optional(),
});
export const datasetProfileSchema = z.object({
  reference: z.string(),
  /** Whose contract it was held to. */
  contract: z.string(),
  rows: z.int(),
  columns: z.array(columnProfileSchema),
  /**
   * Rows that break each rule of the contract's columns; for `nullShare` and `unique` those too many. Null where a pattern is none
   * of RE2. Meanings, references and rules over several columns are looked at when a version is built.
   */
  rules: z.array(z.object({ column: z.string(), rule: z.string(), broken: z.int().nullable() })),
});
export type DatasetProfile = z.infer<typeof datasetProfileSchema>;
