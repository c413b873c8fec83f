import { z } from "zod";
import { hashSchema, instantSchema, nameSchema } from "./wire.ts";

const versionSchema = z.coerce.number().int().positive();
/** `name@version`, or `name` for the highest version that is declared. */
const viewReferenceSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}(?:@[1-9]\d{0,8})?$/, "a feature view: name, or name@version");

/** A feature view of the configuration, and how fresh what is served of it is. */
export const featureViewStatusSchema = z.object({
  name: nameSchema,
  version: z.int(),
  /** `name@version`. */
  reference: z.string(),
  description: z.string(),
  /** A dataset, or paths. */
  source: z.string(),
  entity: z.array(z.string()),
  eventTime: z.string(),
  arrivalTime: z.string().nullable(),
  timeToLiveSeconds: z.int().nullable(),
  materialiseEveryMinutes: z.number().nullable(),
  /** SHA-256 of the definition. */
  definitionHash: hashSchema,
  /** Null until it was materialised; so are the following. */
  materialisedAt: instantSchema.nullable(),
  /** What was read then: a dataset by its version. */
  materialisedFrom: z.string().nullable(),
  entities: z.int().nullable(),
  /** Each feature with the newest event time at which it had a value, and how long ago that is. */
  freshness: z.array(z.object({ feature: z.string(), newest: instantSchema.nullable(), ageSeconds: z.number().nullable() })),
});
export type FeatureViewStatus = z.infer<typeof featureViewStatusSchema>;

export const featureVersionSchema = z.strictObject({ version: versionSchema.optional() });

export const featureValuesQuerySchema = z.object({
  /** The entity's key; a JSON array of texts where several columns make it. */
  entity: z.string().min(1).max(2000),
  version: versionSchema.optional(),
});
export const featureValuesSchema = z.object({
  /** `name@version`. */
  view: z.string(),
  entity: z.array(z.string()),
  /** `fresh`: within the time to live. `expired`: older, so the values are null. `unknown`: never seen. */
  status: z.enum(["fresh", "expired", "unknown"]),
  values: z.record(z.string(), z.unknown()).nullable(),
  eventTime: instantSchema.nullable(),
  materialisedAt: instantSchema.nullable(),
  /** Since the event. */
  ageSeconds: z.number().nullable(),
});
export type FeatureValues = z.infer<typeof featureValuesSchema>;

export const joinFeaturesSchema = z.strictObject({
  /** The rows that ask: a dataset, by its time column. */
  dataset: z.string().min(1).max(100),
  views: z.array(viewReferenceSchema).min(1).max(20),
  /** Build the result as the next version of this dataset. Without it, the result is a Parquet blob. */
  name: nameSchema.optional(),
  description: z.string().max(2000).default(""),
});
export type JoinFeatures = z.input<typeof joinFeaturesSchema>;

export const checkFeaturesSchema = z.strictObject({
  version: versionSchema.optional(),
  /** Entities to compare. */
  sample: z.int().min(1).max(10_000).default(500),
});
/** Online values against the point-in-time join at the instant each was materialised. */
export const featureSkewSchema = z.object({
  view: z.string(),
  /** What the join read: that of the materialisation. */
  source: z.string(),
  materialisedAt: instantSchema,
  /** Entities compared. */
  compared: z.int(),
  /** Entities whose values differ. */
  different: z.int(),
  features: z.array(z.object({ feature: z.string(), different: z.int() })),
  /** The first few. */
  examples: z.array(z.object({ entity: z.array(z.string()), feature: z.string(), online: z.unknown(), offline: z.unknown() })),
  /** Entities in the table, and entities that the source had at that instant: equal, where nothing was lost. */
  onlineEntities: z.int(),
  offlineEntities: z.int(),
  skewed: z.boolean(),
});
export type FeatureSkew = z.infer<typeof featureSkewSchema>;
