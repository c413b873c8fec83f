import { z } from "zod";

/** A UUIDv7 made by the server. */
export const idSchema = z.uuid();
/** A name people type: lower-case letters, digits and dashes, at most 64. */
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and dashes, at most 64");
/** A function of the configuration, or a foundation model as the function it is by itself: `model:<provider>/<model>`. */
export const functionNameSchema = z
  .string()
  .regex(/^(?:[a-z0-9][a-z0-9-]{0,63}|model:[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199})$/, "a function's name, or model:<provider>/<model>");
/** The function that a foundation model is by its bare name. */
export function modelFunction(model: string): string {
  return `model:${model}`;
}
export function isModelFunction(name: string): boolean {
  return name.startsWith(modelFunction(""));
}
/** An instant, ISO 8601 with an offset or Z. */
export const instantSchema = z.iso.datetime({ offset: true });
/** 64 lower-case hex digits. */
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A number with its 95% interval and the number of rows behind it. */
export const estimateSchema = z.object({ value: z.number(), low: z.number(), high: z.number(), n: z.int().nonnegative() });
export type Estimate = z.infer<typeof estimateSchema>;

/** Lists are pages: `next` is the cursor of the following page, null at the end. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(200).optional(),
});

/** RFC 9457 problem details; every error answer has this shape. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  /** What to do about it. */
  fix: z.string(),
  requestId: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
