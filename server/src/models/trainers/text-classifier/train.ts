import { z } from "zod";
import { AppError, createRandom } from "../../../core/index.ts";
import { type Column, signatureOf } from "../../columns.ts";
import { prepareText } from "../../text-input.ts";
import type { TrainedModel, Trainer, TrainerContext, TrainingRows } from "../types.ts";
import { type Block, writeTextClassifier } from "./graph.ts";
import { type LinearModel, fitTemperature, scoreRow, softmax, startFit } from "./logistic-regression.ts";
import { type SparseRows, type Vectorizer, fitVectorizer, joinRows } from "./vectorizer.ts";

const parametersSchema = z.strictObject({
  /** Passes over the rows but those that calibrate. */
  epochs: z.int().min(1).max(100).default(8),
  /** Passes over all rows after that. */
  closingEpochs: z.int().min(0).max(100).default(3),
  learningRate: z.number().positive().max(10).default(0.1),
  /** Texts an n-gram must stand in to become a feature. */
  minimumTexts: z.int().min(1).default(2),
  maximumWordFeatures: z.int().min(10).max(500_000).default(10_000),
  maximumCharacterFeatures: z.int().min(10).max(500_000).default(20_000),
});
type Parameters = z.output<typeof parametersSchema>;

const wordRange = { minimum: 1, maximum: 2 };
const characterRange = { minimum: 3, maximum: 5 };
/** Share of the rows, drawn by the seed, that is held back until the rest is learned, calibrates, and is then learned as well. */
const calibrationShare = 0.1;
const minimumRows = 20;
/**
 * What a row's characters weigh against its words, while learning. A word is one feature and its characters are a dozen; alike in
 * weight, the characters a short text shares with another label's words outvote words that stand only in its own.
 */
const characterWeight = Math.SQRT1_2;

/** Tf-idf of words (1-2) and of characters within words (3-5) of every text column, multinomial logistic regression, temperature scaling. */
export const textClassifier: Trainer = {
  name: "text-classifier",
  summary: "tf-idf of word 1-2-grams and of character 3-5-grams within words, multinomial logistic regression, calibrated by temperature",
  tasks: ["classification"],
  kinds: ["text"],
  parametersSchema,
  train: (rows, parameters, context) => train(rows, parametersSchema.parse(parameters), context),
};

function train(rows: TrainingRows, parameters: Parameters, context: TrainerContext): TrainedModel {
  const columns = rows.columns.filter((column) => column.kind === "text");
  const { labels } = rows;
  if (rows.count < minimumRows)
    throw new AppError("training_failed", `${rows.count} rows are too few to train on; at least ${minimumRows} are needed.`, {
      details: { rows: rows.count },
    });
  if (labels.length < 2)
    throw new AppError("training_failed", `Every row has the label "${labels[0]}"; at least two labels are needed.`, {
      details: { labels },
    });
  if (columns.length === 0) throw new AppError("training_failed", "There is no text column to learn from.");

  const fitted = columns.flatMap(({ name, values }, index) => {
    context.onProgress((0.4 * index) / columns.length, `reading ${name}`);
    const texts = values.map((value) => prepareText(value));
    return fitColumn(name, texts, parameters);
  });
  if (fitted.length === 0)
    throw new AppError("training_failed", "No n-gram stands in enough texts; there is nothing to learn from.", {
      details: { minimumTexts: parameters.minimumTexts },
    });
  for (const { rows: sparse, vectorizer } of fitted) scale(sparse.values, weightOf(vectorizer));
  const features = joinRows(fitted.map(({ rows: sparse, vectorizer }) => ({ rows: sparse, width: vectorizer.idf.length })));

  const truth = Int32Array.from(rows.target);
  const { first, held } = drawCalibration(truth.length, context.seed);
  const { model, pass } = startFit(
    { ...features, truth, labelCount: labels.length },
    { seed: context.seed, learningRate: parameters.learningRate },
  );
  const epochs = parameters.epochs + parameters.closingEpochs;
  const report = (done: number) => context.onProgress(0.4 + (0.6 * done) / epochs, `epoch ${done} of ${epochs}`);
  for (let epoch = 0; epoch < parameters.epochs; epoch++) {
    pass(first);
    report(epoch + 1);
  }
  const temperature = fitTemperature(
    Array.from(held, (row) => logitsOf(model, features, row)),
    Array.from(held, (row) => truth[row]!),
  );
  const all = Int32Array.from(truth.keys());
  for (let epoch = 0; epoch < parameters.closingEpochs; epoch++) {
    pass(all);
    report(parameters.epochs + epoch + 1);
  }

  // From here on the weight is in the model: rows come as the vectorizer makes them, here and in the graph.
  let from = 0;
  for (const { vectorizer } of fitted) {
    const to = from + vectorizer.idf.length * labels.length;
    scale(model.weights.subarray(from, to), weightOf(vectorizer));
    from = to;
  }
  const blocks: Block[] = fitted.map(({ column, vectorizer }) => ({ column, vectorizer }));
  return {
    onnx: writeTextClassifier({ blocks, model, labels, temperature }),
    signature: signatureOf(rows),
    facts: { rows: truth.length, labels: labels.length, features: features.width, temperature },
    predict: (asked) => predict(asked, { blocks, model, temperature }),
  };
}

function fitColumn(
  column: string,
  texts: readonly string[],
  parameters: Parameters,
): { column: string; vectorizer: Vectorizer; rows: SparseRows }[] {
  const { minimumTexts, maximumWordFeatures, maximumCharacterFeatures } = parameters;
  const words = fitVectorizer(texts, { kind: "words", range: wordRange, minimumTexts, maximumFeatures: maximumWordFeatures });
  const characters = fitVectorizer(texts, {
    kind: "characters",
    range: characterRange,
    minimumTexts,
    maximumFeatures: maximumCharacterFeatures,
  });
  // A column in which nothing repeats has no features of a kind: the graph leaves such a block out.
  return [words, characters].filter(({ vectorizer }) => vectorizer.idf.length > 0).map((each) => ({ column, ...each }));
}

function weightOf({ kind }: Vectorizer): number {
  return kind === "characters" ? characterWeight : 1;
}

function scale(values: Float32Array, by: number): void {
  for (let index = 0; index < values.length; index++) values[index]! *= by;
}

function drawCalibration(count: number, seed: number): { first: Int32Array; held: Int32Array } {
  const order = createRandom(seed).shuffle(Int32Array.from({ length: count }, (_, row) => row));
  const size = Math.max(1, Math.floor(count * calibrationShare));
  return { held: order.slice(0, size).sort(), first: order.slice(size).sort() };
}

function logitsOf(model: LinearModel, rows: SparseRows, row: number): Float64Array {
  const scores = new Float64Array(model.labels);
  scoreRow(model, rows, row, scores);
  return scores;
}

interface Learned {
  readonly blocks: readonly Block[];
  readonly model: LinearModel;
  readonly temperature: number;
}

function predict(columns: readonly Column[], { blocks, model, temperature }: Learned): Float64Array[] {
  const prepared = new Map<string, string[]>();
  for (const { name, kind, values } of columns)
    if (kind === "text")
      prepared.set(
        name,
        values.map((value) => prepareText(value)),
      );
  const rows = joinRows(
    blocks.map(({ column, vectorizer }) => ({ rows: vectorizer.transform(prepared.get(column)!), width: vectorizer.idf.length })),
  );
  return Array.from({ length: rows.starts.length - 1 }, (_, row) => {
    const scores = logitsOf(model, rows, row);
    softmax(scores, temperature);
    return scores;
  });
}
