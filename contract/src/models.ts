import { z } from "zod";
import { estimateSchema, hashSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const createRunSchema = z.object({
  model: nameSchema,
  trainer: nameSchema,
  /** `name@version`. */
  dataset: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  seed: z.int().min(0).max(0xffffffff).default(1),
  /** By default: classes, but for a label of numbers that are no closed list, with a trainer that can do both. */
  task: z.enum(["classification", "regression"]).optional(),
  /** Register the result as the model's next version when training succeeds. */
  register: z.boolean().default(true),
});
export type CreateRun = z.infer<typeof createRunSchema>;

/**
 * Split conformal prediction (Angelopoulos and Bates 2021, section 1), from rows held back: of rows like those, at least `coverage`
 * lie within `bound` of a regression's number, or have their label among those whose probability is at least 1 - `bound`.
 */
export const conformalSchema = z.object({ coverage: z.number(), bound: z.number(), rows: z.int() });
export type Conformal = z.infer<typeof conformalSchema>;
const measuredSchema = z.object({
  /** Absent where the rows held back are too few to promise anything, and in older runs. */
  conformal: conformalSchema.optional(),
  slices: z.array(z.object({ slice: z.string(), metric: z.string(), estimate: estimateSchema })),
  /** What answering every row alike comes to on the same rows: `majority`; `mean` and `last`. Absent in older runs. */
  baselines: z.array(z.object({ name: z.string(), metric: z.string(), estimate: estimateSchema })).optional(),
  /** Groups of rows that do worse than the rest, found by looking at every column and pair of columns, corrected for that; worst first. */
  weakSlices: z
    .object({
      looked: z.int(),
      slices: z.array(
        z.object({
          conditions: z.array(z.string()),
          /** `error`: the share of wrong labels. */
          metric: z.enum(["error", "mae"]),
          estimate: estimateSchema,
          /** The same of all other rows. */
          others: z.number(),
          pValue: z.number(),
        }),
      ),
    })
    .optional(),
  /** Mean size of what each input gave to the answers, of all of them, largest first; from trainers that can say it. */
  importances: z.array(z.object({ input: z.string(), share: z.number() })).optional(),
});
export const classificationMetricsSchema = measuredSchema.extend({
  /** Absent in older runs. */
  task: z.literal("classification").optional(),
  accuracy: estimateSchema,
  /** Area under the ROC curve, of two labels. */
  auc: estimateSchema.optional(),
  /** Expected calibration error: 15 equal-width bins, top label. */
  ece: z.number(),
  logLoss: z.number(),
  confusion: z.object({ labels: z.array(z.string()), counts: z.array(z.array(z.int())) }),
  /**
   * Of columns that the contract calls sensitive: the widest gap between two of its groups. Demographic parity: how often the label is
   * answered; equal opportunity: how often it is found; predictive parity: how often it is right.
   */
  fairness: z
    .array(
      z.object({
        column: z.string(),
        label: z.string(),
        criterion: z.string(),
        highest: z.string(),
        lowest: z.string(),
        difference: estimateSchema,
      }),
    )
    .optional(),
});
export type ClassificationMetrics = z.infer<typeof classificationMetricsSchema>;
export const regressionMetricsSchema = measuredSchema.extend({
  task: z.literal("regression"),
  /** Mean absolute error, in the label's unit. */
  mae: estimateSchema,
  /** Root of the mean squared error, in the label's unit. */
  rmse: estimateSchema,
  /** Share of the variance explained; below 0 when the mean of the rows held back would do better. Null when they do not vary. */
  r2: estimateSchema.nullable(),
});
export type RegressionMetrics = z.infer<typeof regressionMetricsSchema>;
/** Of the rows held back. */
export const runMetricsSchema = z.union([regressionMetricsSchema, classificationMetricsSchema]);
export type RunMetrics = z.infer<typeof runMetricsSchema>;
export const runProgressSchema = z.object({
  /** What is being done, for people: `epoch 3 of 11`. */
  stage: z.string(),
  /** Of the whole run, in [0, 1]. */
  fraction: z.number().min(0).max(1),
});
export type RunProgress = z.infer<typeof runProgressSchema>;
export const runSchema = z.object({
  id: idSchema,
  model: nameSchema,
  trainer: z.string(),
  dataset: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  seed: z.int(),
  status: z.enum(["running", "succeeded", "failed"]),
  error: z.string().nullable(),
  /** How far it is; null before it trains and once it ended. */
  progress: runProgressSchema.nullable(),
  /** The version it was registered as. */
  version: z.int().nullable(),
  metrics: runMetricsSchema.nullable(),
  trainSeconds: z.number().nullable(),
  gitCommit: z.string().nullable(),
  environment: z.record(z.string(), z.string()),
  workflowId: z.string().nullable(),
  createdAt: instantSchema,
  createdBy: z.string(),
});
export type Run = z.infer<typeof runSchema>;

/** How an imported ONNX file is fed and read. */
export const modelGraphSchema = z.object({
  inputs: z.array(
    z.object({
      name: z.string(),
      element: z.enum(["float32", "float64", "int64", "bool", "string"]),
      /** In the order of the matrix's columns; one for a vector. */
      columns: z.array(z.string()).min(1),
      /** [N, columns] instead of [N]. */
      isMatrix: z.boolean(),
    }),
  ),
  /** Probabilities [N, labels]; of a regression [N] or [N, 1]. */
  output: z.string(),
});
export type ModelGraph = z.infer<typeof modelGraphSchema>;
export const modelSignatureSchema = z.object({
  /** Absent in versions that were registered before there was another: classification. */
  task: z.enum(["classification", "regression"]).optional(),
  /**
   * `category`: text with few values; `instant`: ISO 8601 with offset; `number`: a 32-bit float. Of imported files alone: `double`, a
   * 64-bit float, and `integer`, a whole number that is never missing, as `boolean` is not in them.
   */
  inputs: z.array(z.object({ name: z.string(), type: z.enum(["text", "number", "boolean", "category", "instant", "integer", "double"]) })),
  /** None for regression. */
  labels: z.array(z.string()),
  /** How text is prepared before the graph; the same at training and serving. */
  text: z.object({
    normalization: z.literal("NFC"),
    lowerCase: z.boolean(),
    controlCharacters: z.literal("space"),
    maxCharacters: z.int(),
  }),
  /** What may be promised of an answer. Absent where nothing was measured. */
  conformal: conformalSchema.optional(),
  /** Of an imported file: its own inputs and the columns each takes, and the output that is the answer. Absent in files trained here. */
  graph: modelGraphSchema.optional(),
});
export type ModelSignature = z.infer<typeof modelSignatureSchema>;
export const modelVersionSchema = z.object({
  id: idSchema,
  model: nameSchema,
  version: z.int().positive(),
  /** SHA-256 of the ONNX file. */
  hash: hashSchema,
  bytes: z.int(),
  signature: modelSignatureSchema,
  dataset: z.string(),
  runId: idSchema.nullable(),
  metrics: runMetricsSchema.nullable(),
  /** Markdown. */
  card: z.string(),
  aliases: z.array(z.string()),
  createdAt: instantSchema,
  createdBy: z.string(),
});
export type ModelVersion = z.infer<typeof modelVersionSchema>;
/** An ONNX file that was uploaded (`POST /api/data/uploads`) becomes the model's next version. */
export const importModelSchema = z.strictObject({
  uploadId: idSchema,
  /** The columns that each input of the file takes, in order; an input of one column that is not named here gives the column its name. */
  inputs: z.record(z.string(), z.array(z.string().min(1).max(200)).min(1).max(10_000)).default({}),
  /** In the order of the probabilities. By default those that the file's classifier holds. */
  labels: z.array(z.string().min(1).max(200)).min(2).max(10_000).optional(),
  /** By default: classes when labels are known, else a number. */
  task: z.enum(["classification", "regression"]).optional(),
  /** The output that is the answer; needed where several could be. */
  output: z.string().optional(),
});
export type ImportModel = z.output<typeof importModelSchema>;
export const aliasChangeSchema = z.object({
  alias: z.string(),
  from: z.int().nullable(),
  to: z.int(),
  at: instantSchema,
  by: z.string(),
  reason: z.string(),
});
export const modelSchema = z.object({
  name: nameSchema,
  latest: z.int(),
  aliases: z.record(z.string(), z.int()),
  versions: z.int(),
  createdAt: instantSchema,
});
export type Model = z.infer<typeof modelSchema>;
export const modelDetailSchema = modelSchema.extend({ history: z.array(aliasChangeSchema) });
