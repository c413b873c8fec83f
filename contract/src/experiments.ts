import { z } from "zod";
import { runSchema } from "./models.ts";
import { estimateSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const experimentMetricSchema = z.enum(["accuracy", "logLoss", "rmse", "mae"]);
export type ExperimentMetric = z.infer<typeof experimentMetricSchema>;

/** What a parameter of a trainer may be: a whole number, a number, a number whose order of size matters (`log`), or one of a list. */
export const dimensionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("int"), from: z.int(), to: z.int() }),
  z.strictObject({ kind: z.literal("float"), from: z.number(), to: z.number() }),
  z.strictObject({ kind: z.literal("log"), from: z.number().positive(), to: z.number().positive() }),
  z.strictObject({ kind: z.literal("choice"), values: z.array(z.unknown()).min(1).max(100) }),
]);
export type Dimension = z.infer<typeof dimensionSchema>;

export const createExperimentSchema = z.strictObject({
  model: nameSchema,
  /** `name@version`. */
  dataset: z.string(),
  task: z.enum(["classification", "regression"]).optional(),
  /** What is tried: trainers, their fixed parameters, and what of them is searched. Absent: those that make sense for the dataset. */
  candidates: z
    .array(
      z.strictObject({
        trainer: nameSchema,
        parameters: z.record(z.string(), z.unknown()).default({}),
        space: z.record(z.string(), dimensionSchema).default({}),
      }),
    )
    .min(1)
    .max(20)
    .optional(),
  algorithm: z.enum(["grid", "random", "tpe", "halving"]).default("tpe"),
  /** Whichever is over first. Seconds are those of the trials, with as much as the longest took for the last training. */
  budget: z
    .strictObject({ trials: z.int().min(1).max(1000).default(20), seconds: z.number().min(1).max(86_400).default(600) })
    .default({ trials: 20, seconds: 600 }),
  /** A trial that is over one is set aside: bytes of its ONNX file, milliseconds for one row. */
  limits: z
    .strictObject({
      bytes: z.int().positive().optional(),
      milliseconds: z.number().positive().optional(),
      interpretable: z.boolean().optional(),
    })
    .default({}),
  /** How the training rows are cut. By default as the dataset held rows back: by time, by group, else by label. */
  folds: z
    .strictObject({ kind: z.enum(["stratified", "group", "time"]).optional(), count: z.int().min(2).max(20).default(5) })
    .default({ count: 5 }),
  /** What is to be good; by default accuracy, or the root mean squared error. */
  metric: experimentMetricSchema.optional(),
  /** Measure the best at growing shares of the rows. */
  learningCurve: z.boolean().default(false),
  /** Train the best on all training rows and register it as the model's next version. */
  register: z.boolean().default(false),
  seed: z.int().min(0).max(0xffffffff).default(1),
});
export type CreateExperiment = z.infer<typeof createExperimentSchema>;

const scoreSchema = z.object({ metric: experimentMetricSchema, estimate: estimateSchema });

export const trialSchema = z.object({
  number: z.int().positive(),
  trainer: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  seed: z.int(),
  /** Of the training rows of each fold. */
  share: z.number(),
  status: z.enum(["succeeded", "pruned", "failed"]),
  /** Why it was pruned or failed. */
  reason: z.string().nullable(),
  /** Over the rows of all folds, each measured by a model that did not see it. */
  scores: z.array(scoreSchema),
  /** The metric of each fold by itself. */
  folds: z.array(z.number()),
  bytes: z.int().nullable(),
  /** Median of single rows; null where models cannot be run. */
  milliseconds: z.number().nullable(),
  seconds: z.number(),
});
export type Trial = z.infer<typeof trialSchema>;

export const learningPointSchema = z.object({
  share: z.number(),
  rows: z.int(),
  /** On the rows that were trained on, and on those that were not: the gap between them is what more rows may close. */
  training: estimateSchema,
  validation: estimateSchema,
});
export type LearningPoint = z.infer<typeof learningPointSchema>;

export const experimentResultSchema = z.object({
  /** The number of the trial that was chosen. */
  trial: z.int(),
  why: z.string(),
  learningCurve: z.array(learningPointSchema).nullable(),
  runId: idSchema.nullable(),
  version: z.int().nullable(),
});
export type ExperimentResult = z.infer<typeof experimentResultSchema>;

export const experimentSchema = z.object({
  id: idSchema,
  model: nameSchema,
  dataset: z.string(),
  request: createExperimentSchema,
  metric: experimentMetricSchema.nullable(),
  status: z.enum(["running", "succeeded", "failed"]),
  error: z.string().nullable(),
  result: experimentResultSchema.nullable(),
  workflowId: z.string(),
  trials: z.array(trialSchema),
  createdAt: instantSchema,
  createdBy: z.string(),
});
export type Experiment = z.infer<typeof experimentSchema>;

export const compareRunsQuerySchema = z.object({ a: idSchema, b: idSchema });
export const runComparisonSchema = z.object({
  a: runSchema,
  b: runSchema,
  /** What is not the same, by its place: `parameters.trees`. */
  differences: z.array(z.object({ field: z.string(), a: z.unknown(), b: z.unknown() })),
  /** The first minus the second on the same rows held back. */
  metrics: z.array(
    z.object({
      metric: experimentMetricSchema,
      a: estimateSchema,
      b: estimateSchema,
      difference: estimateSchema,
      /** Null when the interval holds zero. */
      better: z.enum(["a", "b"]).nullable(),
    }),
  ),
});
export type RunComparison = z.infer<typeof runComparisonSchema>;
