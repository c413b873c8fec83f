import type { z } from "zod";
import type { Column } from "../columns.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { TrainingTask } from "../trainers/types.ts";

/**
 * Columns of numbers between steps. Every value is a 32-bit float (NaN: missing), and every step rounds where the graph does, so
 * that both come to the same.
 */
export interface Matrix {
  readonly kind: "matrix";
  /** What each column is, for people: `age`, `age is missing`, `city=Graz`. */
  readonly names: readonly string[];
  readonly columns: readonly Float64Array[];
}

export type Values = Column | Matrix;

/** What is known of the training rows beside the column. */
export interface FitContext {
  readonly task: TrainingTask;
  /** As in `TrainingRows`. */
  readonly target: Float64Array;
  /** Labels of a classification; 0 otherwise. */
  readonly labels: number;
  readonly seed: number;
  /** The column's name, for messages. */
  readonly column: string;
}

/** A step that has learned what it needs from the training rows, and from nothing else. */
export interface FittedStep {
  /** The training rows as they are to be learned from: a step that looks at the target gives each row what the others say. */
  readonly training: Matrix;
  transform(values: Values): Matrix;
  /** Adds the step to a graph: `input` is [N] of a column or [N, width] of a matrix, the answer names [N, width], float. */
  write(graph: GraphBuilder, input: string): string;
}

/** One way to prepare a column. Every member of the family has this shape; `index.ts` lists them. */
export interface Step {
  readonly name: string;
  /** What it takes: a raw column, or the numbers of a step before it (a column of numbers is such a matrix). */
  readonly takes: readonly ("category" | "text" | "instant" | "matrix")[];
  readonly parametersSchema: z.ZodObject;
  /** `training_failed` naming the column when it cannot be learned. */
  fit(values: Values, parameters: unknown, context: FitContext): FittedStep;
}
