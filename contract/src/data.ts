import { z } from "zod";
import { hashSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const uploadSchema = z.object({ id: idSchema, hash: hashSchema, bytes: z.int(), rows: z.int() });

export const columnTypeSchema = z.enum(["text", "integer", "number", "boolean", "instant"]);
export const columnContractSchema = z.object({
  name: z.string(),
  type: columnTypeSchema,
  nullable: z.boolean(),
  /** No two rows share a value. */
  unique: z.boolean(),
  /** For numbers and instants (ISO text). */
  minimum: z.union([z.number(), z.string()]).nullable(),
  maximum: z.union([z.number(), z.string()]).nullable(),
  /** For text: the longest value in characters. */
  maxLength: z.int().nullable(),
  /** The closed list of values, where there is one. */
  values: z.array(z.union([z.string(), z.number(), z.boolean()])).nullable(),
});
export type ColumnContract = z.infer<typeof columnContractSchema>;
export const dataContractSchema = z.object({ columns: z.array(columnContractSchema).min(1) });
export type DataContract = z.infer<typeof dataContractSchema>;

export const createDatasetSchema = z.object({
  name: nameSchema,
  /** A JSONL upload: one object a line. */
  uploadId: idSchema,
  /** The column that orders rows in time (ISO instants). Never a feature. */
  timeColumn: z.string(),
  labelColumn: z.string().optional(),
  /** Columns a model may see; others are kept as metadata (slices, keys). */
  featureColumns: z.array(z.string()).min(1),
  /** Unique row key column. */
  keyColumn: z.string().optional(),
  /** Given, or inferred from the rows and fixed from then on. `inherit` takes the contract of the last version. */
  contract: z.union([dataContractSchema, z.enum(["infer", "inherit"])]).default("infer"),
  /** Share of the latest rows held back for evaluation. */
  holdout: z.number().min(0.05).max(0.5).default(0.2),
  description: z.string().max(2000).default(""),
});
export type CreateDataset = z.infer<typeof createDatasetSchema>;

export const quarantineReasonSchema = z.object({ reason: z.string(), rows: z.int() });
export const splitSchema = z.object({
  name: z.enum(["train", "holdout"]),
  rows: z.int(),
  from: instantSchema.nullable(),
  to: instantSchema.nullable(),
});
export const lineageSchema = z.object({
  /** Where the rows came from: an upload, or inferences and their feedback. */
  sources: z.array(z.object({ kind: z.enum(["upload", "inferences", "dataset"]), reference: z.string(), rows: z.int() })),
  workflowId: z.string().nullable(),
  parent: z.string().nullable(),
});
export const datasetSchema = z.object({
  id: idSchema,
  name: nameSchema,
  version: z.int().positive(),
  /** `name@version`. */
  reference: z.string(),
  /** SHA-256 of the Parquet snapshot. */
  hash: hashSchema,
  createdAt: instantSchema,
  createdBy: z.string(),
  /** rows = kept + duplicates + quarantined. */
  rows: z.int(),
  kept: z.int(),
  duplicates: z.int(),
  exactDuplicates: z.int(),
  nearDuplicates: z.int(),
  quarantined: z.int(),
});
export type Dataset = z.infer<typeof datasetSchema>;
export const datasetDetailSchema = datasetSchema.extend({
  description: z.string(),
  timeColumn: z.string(),
  labelColumn: z.string().nullable(),
  featureColumns: z.array(z.string()),
  contract: dataContractSchema,
  labels: z.array(z.object({ label: z.string(), rows: z.int() })),
  quarantine: z.array(quarantineReasonSchema),
  splits: z.array(splitSchema),
  leakage: z.object({ checked: z.boolean(), problems: z.array(z.string()) }),
  lineage: lineageSchema,
  /** Markdown. */
  datasheet: z.string(),
});
export type DatasetDetail = z.infer<typeof datasetDetailSchema>;
export const datasetRowsSchema = z.object({ rows: z.array(z.record(z.string(), z.unknown())), total: z.int() });
export const quarantinedRowSchema = z.object({ line: z.int(), reason: z.string(), row: z.unknown() });
