import type { ModelSignature } from "@millrace/contract";
import type { z } from "zod";
import type { Column } from "../columns.ts";

/** What is learned. `ranking`: an order within each group; it answers with a value, as regression does. */
export type TrainingTask = "classification" | "regression" | "ranking";

/** Labelled rows in order of time, column by column. */
export interface TrainingRows {
  readonly task: TrainingTask;
  readonly count: number;
  /** Feature columns in the signature's order. */
  readonly columns: readonly Column[];
  /** Classification: the index of the row's label in `labels`. Otherwise the number itself, finite. One a row. */
  readonly target: Float64Array;
  /** The labels of the training rows, sorted; none but for classification. */
  readonly labels: readonly string[];
  /** What each row counts; absent: 1 each. */
  readonly weights?: Float64Array;
  /** Ranking: the query of each row; rows of one query stand together. */
  readonly groups?: Int32Array;
}

export interface TrainerContext {
  readonly seed: number;
  /** In [0, 1], with a word on what is being done. */
  readonly onProgress: (share: number, note: string) => void;
  /** Ends what runs outside this thread (workers of the trainer's own); the process itself is ended from outside. */
  readonly signal?: AbortSignal;
}

/** What each input column gave to one answer, before the softmax or link: `bias` and `inputs` of an output add up to its score. */
export interface Explanation {
  /** One an output: labels in order, or the one value. */
  readonly bias: Float64Array;
  /** Outputs x input columns, in the signature's order. */
  readonly inputs: readonly Float64Array[];
}

export interface TrainedModel {
  /**
   * One ONNX file. Inputs: one vector [N] a column, named and typed as `columns.ts` says. Outputs: for classification
   * `label` [N] and `probabilities` [N, labels], in the order of the signature's labels; otherwise `value` [N], float.
   */
  readonly onnx: Uint8Array;
  /** `signatureOf(rows)`. */
  readonly signature: ModelSignature;
  /** What was learned, in numbers a model card shows. */
  readonly facts: Readonly<Record<string, number>>;
  /** The trainer's own answer for rows, to be equal to the ONNX file's to 1e-5: probabilities in label order, or the one value. */
  predict(columns: readonly Column[]): Float64Array[];
  /** Per row; trainers that can say it exactly. */
  explain?(columns: readonly Column[]): Explanation[];
}

/** One way to train. Every member of the family has this shape; `index.ts` lists them. */
export interface Trainer {
  readonly name: string;
  readonly summary: string;
  readonly tasks: readonly TrainingTask[];
  /** The kinds of columns it takes. One that takes `text` alone is given every column as text. */
  readonly kinds: readonly Column["kind"][];
  readonly parametersSchema: z.ZodObject;
  /** Throws `training_failed` when the rows cannot train it. */
  train(rows: TrainingRows, parameters: unknown, context: TrainerContext): TrainedModel | Promise<TrainedModel>;
}
