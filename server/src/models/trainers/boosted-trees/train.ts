import { availableParallelism } from "node:os";
import { z } from "zod";
import { AppError } from "../../../core/index.ts";
import { type Column, signatureOf } from "../../columns.ts";
import { type FittedColumns, type StepChoice, fitColumns, stepSchema } from "../../preprocessing/fit-columns.ts";
import type { Matrix } from "../../preprocessing/types.ts";
import type { Explanation, TrainedModel, Trainer, TrainerContext, TrainingRows } from "../types.ts";
import { boost } from "./boost.ts";
import { createExplainer } from "./explain.ts";
import { type Bounds, writeGraph } from "./graph.ts";
import { applyLink, scoreRows } from "./predict.ts";
import { type Ensemble, type ObjectiveName, type TableFeature, defaultOptions } from "./types.ts";

const parametersSchema = z.strictObject({
  /** Of a regression: a mean, a quantile, or the mean of counts. */
  objective: z.enum(["squared-error", "quantile", "poisson"]).default("squared-error"),
  /** For the objective `quantile`. */
  quantile: z.number().gt(0).lt(1).default(defaultOptions.quantile),
  /** Rounds of boosting; with three or more labels each adds a tree a label. */
  trees: z.int().min(1).max(10_000).default(defaultOptions.trees),
  leaves: z.int().min(2).max(1024).default(defaultOptions.leaves),
  learningRate: z.number().positive().max(1).default(defaultOptions.learningRate),
  minimumRows: z.int().min(1).default(defaultOptions.minimumRows),
  minimumHessian: z.number().min(0).default(defaultOptions.minimumHessian),
  l2: z.number().min(0).max(1e9).default(defaultOptions.l2),
  bins: z.int().min(3).max(255).default(defaultOptions.bins),
  categorySmoothing: z.number().min(0).default(defaultOptions.categorySmoothing),
  categoryL2: z.number().min(0).default(defaultOptions.categoryL2),
  /** Numbers with which the answer may only rise or fall; of two labels, the probability of the second. */
  monotone: z.record(z.string(), z.enum(["rising", "falling"])).default({}),
  /** Stops when so many rounds did not lower the loss of rows held out; 0: never. */
  earlyStoppingRounds: z.int().min(0).default(defaultOptions.earlyStoppingRounds),
  earlyStoppingShare: z.number().gt(0).lt(1).default(defaultOptions.earlyStoppingShare),
  /** Bounds of a regression's answers. */
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  /** `balanced`: every label counts the same, however many rows it has. */
  classWeights: z.enum(["none", "balanced"]).default("none"),
  /** How columns are prepared, by name, in place of the default. */
  steps: z.record(z.string(), z.array(stepSchema)).default({}),
});
type Parameters = z.output<typeof parametersSchema>;

/** More threads than this wait for each other longer than they help. */
const mostThreads = 8;

/** Gradient-boosted trees. */
export const boostedTrees: Trainer = {
  name: "boosted-trees",
  summary: "gradient-boosted trees on histograms, grown leaf by leaf, with missing values and categories as they are",
  tasks: ["classification", "regression", "ranking"],
  kinds: ["number", "category", "instant"],
  parametersSchema,
  train: (rows, parameters, context) => train(rows, parametersSchema.parse(parameters), context),
};

function train(rows: TrainingRows, parameters: Parameters, context: TrainerContext): TrainedModel {
  checkNames(rows, parameters);
  const bounds = boundsOf(parameters);
  context.onProgress(0, "preparing columns");
  const columns = fitColumns(rows.columns, (column) => parameters.steps[column.name] ?? defaultSteps(column), {
    task: rows.task,
    target: rows.target,
    labels: rows.labels.length,
    seed: context.seed,
  });
  const toFeatures = (matrix: Matrix) => nameFeatures(rows, { matrix, columns, parameters });
  const objective = objectiveOf(rows, parameters);
  const features = toFeatures(columns.training);
  const ensemble = boost(
    { rows: rows.count, features, target: rows.target, weights: weigh(rows, parameters), groups: rows.groups },
    {
      ...defaultOptions,
      ...parameters,
      objective,
      classes: rows.labels.length,
      seed: context.seed,
      threads: Math.min(mostThreads, availableParallelism()),
      onTree: (done) => context.onProgress((0.98 * done) / parameters.trees, `tree ${done} of ${parameters.trees}`),
    },
  );
  return {
    onnx: writeGraph(ensemble, columns, { labels: rows.labels, bounds }),
    signature: signatureOf(rows),
    facts: {
      rows: rows.count,
      ...(rows.task === "classification" ? { labels: rows.labels.length } : {}),
      features: features.length,
      trees: ensemble.trees.length,
      leaves: ensemble.trees.reduce((sum, { left }) => sum + (left.length + 1) / 2, 0),
    },
    predict: (asked) => {
      const given = toFeatures(columns.transform(asked));
      return scoreRows(ensemble, given, given[0]!.values.length).map((scores) => bound(applyLink(objective, scores), bounds));
    },
    explain: (asked) => explain(ensemble, columns, { features: toFeatures(columns.transform(asked)), inputs: asked.length }),
  };
}

function boundsOf({ minimum = -Infinity, maximum = Infinity }: Parameters): Bounds {
  if (minimum > maximum) throw new AppError("training_failed", `The minimum ${minimum} is more than the maximum ${maximum}.`);
  return { minimum: Math.fround(minimum), maximum: Math.fround(maximum) };
}

/** Probabilities lie between 0 and 1, whatever the bounds of values. */
function bound(answers: Float64Array, { minimum, maximum }: Bounds): Float64Array {
  return answers.length > 1 ? answers : answers.map((value) => Math.min(maximum, Math.max(minimum, value)));
}

function objectiveOf({ task, labels }: TrainingRows, { objective }: Parameters): ObjectiveName {
  if (task === "ranking") return "lambdarank";
  if (task === "regression") return objective;
  if (labels.length < 2)
    throw new AppError("training_failed", `Every row has the label "${labels[0]}"; at least two labels are needed.`, {
      details: { labels },
    });
  return labels.length === 2 ? "binary" : "multiclass";
}

function defaultSteps({ kind }: Column): StepChoice[] {
  if (kind === "category") return ["ordinal"];
  return kind === "instant" ? ["date-parts"] : [];
}

interface Naming {
  readonly matrix: Matrix;
  readonly columns: FittedColumns;
  readonly parameters: Parameters;
}

/** A category that is prepared as nothing but its code stays a category to the trees. */
function nameFeatures({ columns: inputs }: TrainingRows, { matrix, columns, parameters }: Naming): TableFeature[] {
  return matrix.columns.map((values, index): TableFeature => {
    const input = inputs[columns.sources[index]!]!;
    const steps = parameters.steps[input.name] ?? defaultSteps(input);
    const isCode = steps.length === 1 && (steps[0] === "ordinal" || (typeof steps[0] === "object" && steps[0].step === "ordinal"));
    const bound = parameters.monotone[input.name];
    return {
      name: matrix.names[index]!,
      kind: isCode ? "category" : "number",
      values,
      monotone: bound === undefined ? 0 : bound === "rising" ? 1 : -1,
    };
  });
}

function weigh({ count, target, labels, weights }: TrainingRows, { classWeights }: Parameters): Float64Array | undefined {
  if (classWeights === "none" || labels.length === 0) return weights;
  const counts = new Float64Array(labels.length);
  for (const label of target) counts[label]! += 1;
  return target.map((label, row) => ((weights?.[row] ?? 1) * count) / (labels.length * counts[label]!));
}

/** SHAP values by input column. Of two labels the one score is halved, as the graph does. */
function explain(
  ensemble: Ensemble,
  { sources }: FittedColumns,
  asked: { features: readonly TableFeature[]; inputs: number },
): Explanation[] {
  const shares = ensemble.objective === "binary" ? [-0.5, 0.5] : ensemble.base.length === 1 ? [1] : null;
  const explainer = createExplainer(ensemble);
  return Array.from({ length: asked.features[0]!.values.length }, (_, row) => {
    const { bias, features } = explainer(asked.features, row);
    const inputs = features.map((values) => {
      const sums = new Float64Array(asked.inputs);
      for (const [index, value] of values.entries()) sums[sources[index]!]! += value;
      return sums;
    });
    if (shares === null) return { bias, inputs };
    return {
      bias: Float64Array.from(shares, (share) => share * bias[0]!),
      inputs: shares.map((share) => inputs[0]!.map((value) => share * value)),
    };
  });
}

function checkNames({ columns }: TrainingRows, { steps, monotone }: Parameters): void {
  const unknown = [...Object.keys(steps), ...Object.keys(monotone)].find((name) => !columns.some((column) => column.name === name));
  if (unknown === undefined) return;
  throw new AppError(
    "training_failed",
    `The parameters speak of "${unknown}", which is no feature. Features: ${columns.map(({ name }) => name).join(", ")}.`,
    { details: { column: unknown } },
  );
}
