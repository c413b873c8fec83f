import { z } from "zod";
import { AppError } from "../../../core/index.ts";
import { mean } from "../../../statistics/index.ts";
import { type Column, signatureOf } from "../../columns.ts";
import { type FittedColumns, type StepChoice, fitColumns, stepSchema } from "../../preprocessing/fit-columns.ts";
import { asCategories } from "../../preprocessing/matrix.ts";
import type { TrainedModel, Trainer, TrainerContext, TrainingRows } from "../types.ts";
import { type LinearScore, explain, predict } from "./answer.ts";
import { gram, makeDesign, project } from "./design.ts";
import { minimise } from "./elastic-net.ts";
import { writeLinear } from "./graph.ts";
import { fitLogistic } from "./logistic.ts";

const parametersSchema = z.strictObject({
  /** Weight of the penalty against the sum of the rows' losses: scikit-learn's `alpha` of Ridge, and 1 / C of LogisticRegression. */
  penalty: z.number().min(0).max(1e9).default(1),
  /** Share of |w| in it; the rest is w^2 / 2. 1 leaves out inputs that help little. */
  l1Ratio: z.number().min(0).max(1).default(0),
  /** `balanced`: every label counts the same, however many rows it has. */
  classWeights: z.enum(["none", "balanced"]).default("none"),
  maximumIterations: z.int().min(1).max(10_000).default(200),
  /** A regression never answers less, or more. */
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  /** How columns are prepared, by name, in place of the default. */
  steps: z.record(z.string(), z.array(stepSchema)).default({}),
});
type Parameters = z.output<typeof parametersSchema>;

/** Categories up to which each gets a column of its own. */
const fewCategories = 50;

/** Linear regression, and logistic regression of two or more labels, with an elastic net. */
export const linear: Trainer = {
  name: "linear",
  summary:
    "linear or logistic regression with an elastic net, on standardised numbers, one-hot or target-encoded categories, date parts and tf-idf of words",
  tasks: ["classification", "regression"],
  kinds: ["number", "category", "text", "instant"],
  parametersSchema,
  train: (rows, parameters, context) => train(rows, parametersSchema.parse(parameters), context),
};

function train(rows: TrainingRows, parameters: Parameters, context: TrainerContext): TrainedModel {
  checkSteps(rows, parameters);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = parameters;
  if (minimum > maximum) throw new AppError("training_failed", `The minimum ${minimum} is more than the maximum ${maximum}.`);
  context.onProgress(0, "preparing columns");
  const columns = fitColumns(rows.columns, (column) => parameters.steps[column.name] ?? defaultSteps(column), {
    task: rows.task,
    target: rows.target,
    labels: rows.labels.length,
    seed: context.seed,
  });
  checkNothingMissing(rows, columns);
  const { model, iterations } =
    rows.task === "classification" ? fitClasses(rows, columns, { parameters, context }) : fitValue(rows, columns, { parameters, context });
  const weights = model.scores.flatMap((score) => [...score.weights]);
  return {
    onnx: writeLinear(model, rows.labels),
    signature: signatureOf(rows),
    facts: {
      rows: rows.count,
      ...(model.isClassifier ? { labels: rows.labels.length } : {}),
      features: columns.training.columns.length,
      "weights that are not zero": weights.filter((weight) => weight !== 0).length / (rows.labels.length === 2 ? 2 : 1),
      ...(model.isClassifier ? { iterations } : {}),
    },
    predict: (asked) => predict(model, asked),
    explain: (asked) => explain(model, asked),
  };
}

interface Fitting {
  readonly parameters: Parameters;
  readonly context: TrainerContext;
}

function fitClasses(rows: TrainingRows, columns: FittedColumns, { parameters, context }: Fitting) {
  const { maximumIterations } = parameters;
  const { scores, iterations } = fitLogistic({
    design: makeDesign(columns.training.columns, rows.count),
    target: rows.target,
    labels: rows.labels.length,
    rowWeights: weigh(rows, parameters),
    penalty: penaltyOf(parameters),
    maximumIterations,
    onIteration: (iteration) => context.onProgress(Math.min(0.99, 1 - 0.8 ** iteration), `iteration ${iteration}`),
  });
  // Of two labels each gets half of the one score, with its own sign: the same answer, and parts that mirror each other.
  const halves = [-0.5, 0.5].map((share) => scores[0]!.map((weight) => share * weight));
  const model = {
    columns,
    scores: (scores.length === 1 ? halves : scores).map(toScore),
    centre: 0,
    scale: 1,
    minimum: Number.NEGATIVE_INFINITY,
    maximum: Number.POSITIVE_INFINITY,
    isClassifier: true,
  };
  return { model, iterations };
}

function toScore(weights: Float64Array): LinearScore {
  return { intercept: weights.at(-1)!, weights: weights.subarray(0, -1) };
}

/** The target is standardised first, so that tolerances and the part of l1 mean the same whatever its unit. */
function fitValue(rows: TrainingRows, columns: FittedColumns, { parameters }: Fitting) {
  const centre = mean(rows.target);
  const scale = Math.sqrt(mean(rows.target.map((value) => (value - centre) ** 2))) || 1;
  const design = makeDesign(columns.training.columns, rows.count);
  const weights = rows.weights ?? new Float64Array(rows.count).fill(1);
  const fall = project(
    design,
    rows.target.map((value, row) => (weights[row]! * (value - centre)) / scale),
  );
  const from = new Float64Array(design.width);
  const score = minimise({ from, curvature: gram(design, weights), fall }, penaltyOf(parameters));
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = parameters;
  const bounds = { minimum: Math.fround(minimum), maximum: Math.fround(maximum) };
  return { model: { columns, scores: [toScore(score)], centre, scale, ...bounds, isClassifier: false }, iterations: 1 };
}

function penaltyOf({ penalty, l1Ratio }: Parameters) {
  return { l1: penalty * l1Ratio, l2: penalty * (1 - l1Ratio) };
}

function weigh({ count, target, labels, weights }: TrainingRows, { classWeights }: Parameters): Float64Array {
  const given = weights ?? new Float64Array(count).fill(1);
  if (classWeights === "none") return given;
  const counts = new Float64Array(labels.length);
  for (const label of target) counts[label]! += 1;
  return given.map((weight, row) => (weight * count) / (labels.length * counts[target[row]!]!));
}

function defaultSteps(column: Column): StepChoice[] {
  switch (column.kind) {
    case "number":
      return ["missing-flag", "impute", "standard"];
    case "instant":
      return [{ step: "date-parts", cyclic: true }, "missing-flag", { step: "impute", with: "mean" }, "standard"];
    case "category":
    case "text": {
      // A text whose values come again and again is a category that the contract has no list of.
      const { values } = asCategories(column);
      const different = new Set(values).size;
      if (different <= fewCategories) return ["one-hot"];
      return column.kind === "category" || different <= values.length / 5 ? ["target", "standard"] : ["tf-idf"];
    }
  }
}

function checkSteps({ columns }: TrainingRows, { steps }: Parameters): void {
  const unknown = Object.keys(steps).find((name) => !columns.some((column) => column.name === name));
  if (unknown === undefined) return;
  throw new AppError(
    "training_failed",
    `Steps are given for "${unknown}", which is no feature. Features: ${columns.map(({ name }) => name).join(", ")}.`,
  );
}

/** A value that is missing later must not become an answer that is none. */
function checkNothingMissing({ columns }: TrainingRows, fitted: FittedColumns): void {
  const empty = columns.map((column) => withNothing(column));
  const made = fitted.transform(empty);
  const at = made.columns.findIndex(
    (values, index) => Number.isNaN(values[0]) || fitted.training.columns[index]!.some((x) => Number.isNaN(x)),
  );
  if (at === -1) return;
  const { name } = columns[fitted.sources[at]!]!;
  throw new AppError("training_failed", `The steps of the column "${name}" leave values missing; add the step impute.`, {
    details: { column: name },
  });
}

function withNothing(column: Column): Column {
  switch (column.kind) {
    case "text":
      return { ...column, values: [null] };
    case "category":
      return { ...column, values: [""] };
    default:
      return { ...column, values: Float64Array.of(Number.NaN) };
  }
}
