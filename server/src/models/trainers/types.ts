import type { ModelSignature } from "@millrace/contract";
import type { z } from "zod";

/** Rows in order of time: feature columns and the true label. */
export interface TrainingRows {
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  readonly labels: readonly string[];
}

export interface TrainerContext {
  readonly seed: number;
  /** In [0, 1], with a word on what is being done. */
  readonly onProgress: (share: number, note: string) => void;
}

export interface TrainedModel {
  /** One ONNX file: inputs as in the signature, outputs `label` and `probabilities` (in the order of the signature's labels). */
  readonly onnx: Uint8Array;
  readonly signature: ModelSignature;
  /** What was learned, in numbers a model card shows. */
  readonly facts: Readonly<Record<string, number>>;
  /** The trainer's own answer for rows, to be equal to the ONNX file's: probabilities in label order. */
  predict(columns: Readonly<Record<string, readonly unknown[]>>): Float64Array[];
}

/** One way to train. Every member of the family has this shape; `index.ts` lists them. */
export interface Trainer {
  readonly name: string;
  readonly summary: string;
  readonly parametersSchema: z.ZodObject;
  /** Throws `training_failed` when the rows cannot train it. */
  train(rows: TrainingRows, parameters: unknown, context: TrainerContext): TrainedModel;
}
