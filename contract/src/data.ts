import { z } from "zod";
import { estimateSchema, hashSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const uploadSchema = z.object({ id: idSchema, hash: hashSchema, bytes: z.int(), rows: z.int() });

export const columnTypeSchema = z.enum(["text", "integer", "number", "boolean", "instant"]);
/** What happens when a rule is broken: the build stops, the row is set aside, or it is only counted. */
export const rulePolicySchema = z.enum(["fail", "quarantine", "warn"]);
/** Of a rule about all rows together: there is no row to set aside. */
const wholePolicySchema = z.enum(["fail", "warn"]);
/** What a text means, by its form. */
export const semanticTypeSchema = z.enum(["email", "url", "phone", "uuid", "ip", "country", "currency", "iban"]);
export type SemanticType = z.infer<typeof semanticTypeSchema>;
/** A rule that is not named sets the row aside. A value of another type cannot be kept, so `type` never only warns. */
const columnPoliciesSchema = z.strictObject({
  type: z.enum(["fail", "quarantine"]).optional(),
  null: rulePolicySchema.optional(),
  unique: rulePolicySchema.optional(),
  range: rulePolicySchema.optional(),
  length: rulePolicySchema.optional(),
  values: rulePolicySchema.optional(),
  pattern: rulePolicySchema.optional(),
  semantic: rulePolicySchema.optional(),
  reference: rulePolicySchema.optional(),
  nullShare: wholePolicySchema.optional(),
});
export const columnContractSchema = z.strictObject({
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
  /** A regular expression (JavaScript, with the flag `u`) that a whole text matches. */
  pattern: z.string().min(1).max(500).optional(),
  semantic: semanticTypeSchema.optional(),
  /** Every value is one of this column of another dataset: `name@version`, or `name` for its latest version. */
  reference: z.strictObject({ dataset: z.string(), column: z.string() }).optional(),
  /** Tells people apart in a way that must not decide for them: the version says how its groups fare. */
  sensitive: z.boolean().optional(),
  /** At most this share of the rows has null. */
  nullShare: z.number().min(0).max(1).optional(),
  policies: columnPoliciesSchema.optional(),
});
export type ColumnContract = z.infer<typeof columnContractSchema>;
/** A rule over several columns of one row: comparisons joined by `and`, `or`, `not`, for example `closedAt >= openedAt`. */
export const rowRuleSchema = z.strictObject({
  name: nameSchema,
  /** A row in which a column it looks at is null is not judged. */
  holds: z.string().min(1).max(2000),
  policy: rulePolicySchema.default("quarantine"),
});
export type RowRule = z.infer<typeof rowRuleSchema>;
export const dataContractSchema = z.strictObject({
  columns: z.array(columnContractSchema).min(1),
  rowRules: z.array(rowRuleSchema).max(100).optional(),
  /** The newest row is at most so old when the dataset is built. Needs a time column. */
  freshness: z.strictObject({ maxAgeHours: z.number().positive(), policy: wholePolicySchema.default("fail") }).optional(),
  /** How many rows may be sent. */
  volume: z
    .strictObject({
      minimum: z.int().nonnegative().optional(),
      maximum: z.int().positive().optional(),
      policy: wholePolicySchema.default("fail"),
    })
    .optional(),
});
export type DataContract = z.infer<typeof dataContractSchema>;

const seedSchema = z.int().min(0).max(0xffff_ffff).default(0);
/** Rows of one value of this column belong together: a patient, a customer, a thread. */
const groupColumnSchema = z.string();
/** Which rows are held back. The same rows and the same request give the same split, in whatever order the rows come. */
export const splitRequestSchema = z.discriminatedUnion("kind", [
  /** The latest rows. `group` is only looked at by the leakage check. */
  z.strictObject({ kind: z.literal("time"), group: groupColumnSchema.optional() }),
  z.strictObject({ kind: z.literal("random"), seed: seedSchema, group: groupColumnSchema.optional() }),
  /** The same share of every value of `column` (default: the label). */
  z.strictObject({ kind: z.literal("stratified"), seed: seedSchema, column: z.string().optional(), group: groupColumnSchema.optional() }),
  /** All rows of a group on one side; a row without a value is a group of its own. */
  z.strictObject({ kind: z.literal("group"), seed: seedSchema, group: groupColumnSchema }),
]);
export type SplitRequest = z.infer<typeof splitRequestSchema>;

const statementSchema = z.string().min(1).max(4000).optional();
/** The sections of Gebru et al. 2018, "Datasheets for Datasets". */
export const datasheetStatementsSchema = z.strictObject({
  motivation: statementSchema,
  composition: statementSchema,
  collection: statementSchema,
  preprocessing: statementSchema,
  uses: statementSchema,
  distribution: statementSchema,
  maintenance: statementSchema,
});
export type DatasheetStatements = z.infer<typeof datasheetStatementsSchema>;
/** What the datasheet cannot say, and what would let it. */
export const datasheetGapSchema = z.object({ section: datasheetStatementsSchema.keyof(), question: z.string(), fill: z.string() });
export type DatasheetGap = z.infer<typeof datasheetGapSchema>;

export const createDatasetSchema = z.object({
  name: nameSchema,
  /** A JSONL upload: one object a line. */
  uploadId: idSchema,
  /** The column that orders rows in time (ISO instants). Never a feature. Without one the split cannot be by time. */
  timeColumn: z.string().optional(),
  labelColumn: z.string().optional(),
  /** Columns a model may see; others are kept as metadata (slices, keys). */
  featureColumns: z.array(z.string()).min(1),
  /** Unique row key column. */
  keyColumn: z.string().optional(),
  /** Given, or inferred from the rows and fixed from then on. `inherit` takes the contract of the last version. */
  contract: z.union([dataContractSchema, z.enum(["infer", "inherit"])]).default("infer"),
  /** Share of the rows held back for evaluation. */
  holdout: z.number().min(0.05).max(0.5).default(0.2),
  /** Default: by time where there is a time column, else stratified by a label of classes, else random. */
  split: splitRequestSchema.optional(),
  description: z.string().max(2000).default(""),
  /** Columns to be marked sensitive in the contract. */
  sensitiveColumns: z.array(z.string()).max(20).optional(),
  /** What people say for the datasheet; sections left out stay as the last version has them. */
  statements: datasheetStatementsSchema.optional(),
  /** Allows a contract that readers or senders of the last version's rows could not expect: its major number goes up. */
  breaking: z.boolean().optional(),
});
export type CreateDataset = z.infer<typeof createDatasetSchema>;

export const quarantineReasonSchema = z.object({ reason: z.string(), rows: z.int() });
/** How one rule of the contract came out. */
export const ruleVerdictSchema = z.object({
  /** Column (or the name of a row rule) and what it says: `amount: must be at least 0`. */
  rule: z.string(),
  policy: rulePolicySchema,
  /** Rows it was asked of. */
  checked: z.int(),
  broken: z.int(),
  verdict: z.enum(["kept", "warned", "quarantined", "failed"]),
  /** The first row that broke it. */
  firstLine: z.int().nullable(),
});
export type RuleVerdict = z.infer<typeof ruleVerdictSchema>;
/** One difference between two contracts, as a sentence. */
export const contractChangeSchema = z.object({ column: z.string().nullable(), change: z.string(), breaking: z.boolean() });
export type ContractChange = z.infer<typeof contractChangeSchema>;
export const splitSchema = z.object({
  name: z.enum(["train", "holdout"]),
  rows: z.int(),
  from: instantSchema.nullable(),
  to: instantSchema.nullable(),
});
/**
 * accuracy: of the held-back rows, by the label its value had most often in training. auc: one label against the others by the order of its
 * values. correlation: with a numeric label, its size.
 */
export const tellingFeatureSchema = z.object({
  name: z.string(),
  measure: z.enum(["accuracy", "auc", "correlation"]),
  value: z.number(),
  rows: z.int(),
  /** So much that it may be the answer itself. */
  suspicious: z.boolean(),
});
/** How the groups of a sensitive column fare. */
export const groupAuditSchema = z.object({
  column: z.string(),
  /** Largest first. Numbers are grouped by quarters of the rows. */
  groups: z.array(
    z.object({ group: z.string(), share: estimateSchema, labels: z.array(z.object({ label: z.string(), rate: estimateSchema })) }),
  ),
  /** The widest difference of a label's rate between two groups of at least 30 rows, in shares. */
  gap: z.object({ label: z.string(), highest: z.string(), lowest: z.string(), difference: estimateSchema }).nullable(),
  /** Groups of fewer than 30 rows. */
  small: z.array(z.string()),
});
export type GroupAudit = z.infer<typeof groupAuditSchema>;
export const lineageSchema = z.object({
  /** Where the rows came from: an upload, or inferences and their feedback. */
  sources: z.array(z.object({ kind: z.enum(["upload", "inferences", "dataset"]), reference: z.string(), rows: z.int() })),
  workflowId: z.string().nullable(),
  parent: z.string().nullable(),
  /** Blobs: what the version was built from, and the lines of it that each row stands for. Null of versions that did not keep them. */
  lines: z.object({ input: hashSchema, rows: hashSchema }).nullable(),
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
  /** Names that people gave to this version. */
  tags: z.array(z.string()),
});
export type Dataset = z.infer<typeof datasetSchema>;
export const datasetDetailSchema = datasetSchema.extend({
  description: z.string(),
  timeColumn: z.string().nullable(),
  labelColumn: z.string().nullable(),
  featureColumns: z.array(z.string()),
  contract: dataContractSchema,
  /** major.minor: a breaking change raises the first, another one the second. */
  contractVersion: z.string(),
  /** Against the contract of the version before. */
  contractChanges: z.array(contractChangeSchema),
  /** Every rule of the contract; broken ones first. */
  rules: z.array(ruleVerdictSchema),
  labels: z.array(z.object({ label: z.string(), rows: z.int() })),
  quarantine: z.array(quarantineReasonSchema),
  splits: z.array(splitSchema),
  /** How the held-back rows were chosen. */
  split: splitRequestSchema,
  leakage: z.object({
    checked: z.boolean(),
    problems: z.array(z.string()),
    /** What each feature alone says of the label, most first. */
    features: z.array(tellingFeatureSchema),
  }),
  /** One for each sensitive column. */
  groups: z.array(groupAuditSchema),
  lineage: lineageSchema,
  /** Markdown. */
  datasheet: z.string(),
  statements: datasheetStatementsSchema,
  gaps: z.array(datasheetGapSchema),
});
export type DatasetDetail = z.infer<typeof datasetDetailSchema>;
export const datasetRowsSchema = z.object({ rows: z.array(z.record(z.string(), z.unknown())), total: z.int() });
export const quarantinedRowSchema = z.object({ line: z.int(), reason: z.string(), row: z.unknown() });

/** A file that a read set aside; rows count from 1, the header of CSV and Excel among them. */
export const refusedFileSchema = z.object({ name: z.string(), reason: z.string(), row: z.int().optional(), column: z.string().optional() });
export const readSourceSchema = z
  .strictObject({
    /** As if nothing had been read yet: after a change of the source's settings, for example. */
    fromStart: z.boolean().default(false),
  })
  .prefault({});
export type ReadSource = z.output<typeof readSourceSchema>;
export const sourceReadSchema = z.object({
  source: nameSchema,
  /** What was read, as an upload that datasets are built from; null when nothing is new. */
  uploadId: idSchema.nullable(),
  rows: z.int(),
  bytes: z.int(),
  /** Files that were set aside: the first hundred, and how many there are. */
  refused: z.array(refusedFileSchema),
  refusedCount: z.int(),
  notes: z.array(z.string()),
  /** Where the next read begins, in words. */
  watermark: z.string().nullable(),
  /** There is more than one read may bring: read again. */
  more: z.boolean(),
});
export type SourceRead = z.infer<typeof sourceReadSchema>;
export const sourceSchema = z.object({
  name: nameSchema,
  kind: z.enum(["file", "folder", "http", "s3", "postgres", "command", "push"]),
  /** Seconds between reads on a schedule. */
  everySeconds: z.number().nullable(),
  watermark: z.string().nullable(),
  /** Rows read since the beginning. */
  rows: z.int(),
  /** Rows that were pushed and not read yet. */
  waiting: z.int(),
  lastReadAt: instantSchema.nullable(),
  lastRead: sourceReadSchema.nullable(),
});
export type Source = z.infer<typeof sourceSchema>;
export const pushRowsSchema = z.strictObject({
  /** Names the batch: sent again, it is answered as before and taken once. */
  batch: z.string().min(1).max(200),
  rows: z.array(z.record(z.string(), z.unknown())).min(1).max(1000),
});
export type PushRows = z.infer<typeof pushRowsSchema>;
export const pushedRowsSchema = z.object({
  source: nameSchema,
  batch: z.string(),
  taken: z.int(),
  /** Rows whose key was sent before; they are not taken again. */
  repeated: z.int(),
});
export type PushedRows = z.infer<typeof pushedRowsSchema>;

export const setTagSchema = z.strictObject({ version: z.int().positive() });
/** A tag after a change: its version, null once it is gone, and what it was before. */
export const tagSchema = z.object({ name: nameSchema, tag: nameSchema, version: z.int().nullable(), before: z.int().nullable() });
export type DatasetTag = z.infer<typeof tagSchema>;

/** Versions that a version grew out of, nearest first, and those that grew out of it. */
export const datasetLineageSchema = z.object({
  reference: z.string(),
  sources: lineageSchema.shape.sources,
  ancestors: z.array(z.string()),
  descendants: z.array(z.string()),
});
export type DatasetLineage = z.infer<typeof datasetLineageSchema>;

/** Where one kept row came from. */
export const rowSourceSchema = z.object({
  /** Its place in the version, from 0. */
  row: z.int(),
  values: z.record(z.string(), z.unknown()),
  /** Its line in what was built from, and what stood there. */
  line: z.int(),
  raw: z.unknown(),
  /** Lines that were left out for its sake. */
  duplicates: z.array(z.object({ line: z.int(), kind: z.enum(["exact", "near"]), similarity: z.number(), raw: z.unknown() })),
  sources: lineageSchema.shape.sources,
});
export type RowSource = z.infer<typeof rowSourceSchema>;

export const compareDatasetsQuerySchema = z.strictObject({
  from: z.coerce.number().int().positive(),
  to: z.coerce.number().int().positive(),
});
/** One column in two versions. */
export const columnComparisonSchema = z.object({
  name: z.string(),
  /** What was counted: values, numbers in the tenths of the first version, text lengths in such tenths. */
  by: z.enum(["value", "number", "length"]),
  /** Population stability index: under 0.1 little, from 0.25 on much. */
  psi: z.number(),
  /** Jensen-Shannon distance, 0 to 1. */
  jensenShannon: z.number(),
  /** How often rows of one source would differ so much by chance, for as many columns as were looked at. */
  chance: z.number(),
  level: z.enum(["same", "moved", "changed"]),
  /** Share of nulls. */
  nulls: z.object({ from: z.number(), to: z.number() }),
  /** The value or range whose share changed most. */
  most: z.object({ what: z.string(), from: z.number(), to: z.number() }).nullable(),
});
export type ColumnComparison = z.infer<typeof columnComparisonSchema>;
export const datasetComparisonSchema = z.object({
  from: z.string(),
  to: z.string(),
  /** The same snapshot, byte for byte. */
  same: z.boolean(),
  /** A model or a sender of the first version may fail with the second. */
  breaking: z.boolean(),
  /** Roles and contract, breaking changes first. */
  changes: z.array(contractChangeSchema),
  counts: z.array(z.object({ name: z.string(), from: z.int(), to: z.int() })),
  /** Kept rows by the columns both have. */
  rows: z.object({ shared: z.int(), added: z.int(), removed: z.int() }),
  /** Most changed first. */
  labels: z.array(z.object({ label: z.string(), from: estimateSchema, to: estimateSchema })),
  /** Worst first. Identifiers and instants are not compared: they differ by nature. */
  columns: z.array(columnComparisonSchema),
});
export type DatasetComparison = z.infer<typeof datasetComparisonSchema>;
