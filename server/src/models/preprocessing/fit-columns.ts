import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { type Column, graphInputName } from "../columns.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import { elementOf } from "../onnx/elements.ts";
import { steps } from "./index.ts";
import { asMatrix } from "./matrix.ts";
import type { FitContext, FittedStep, Matrix, Values } from "./types.ts";

/** A step by its name alone, or with parameters beside it: `{ "step": "impute", "with": "mean" }`. */
export const stepSchema = z.union([z.string(), z.looseObject({ step: z.string() })]);
export type StepChoice = z.output<typeof stepSchema>;

export interface FittedColumns {
  /** The training rows as they are to be learned from: numbers, without a missing one unless the steps leave them. */
  readonly training: Matrix;
  /** The input column (its place in the signature) each column of the matrix was made of. */
  readonly sources: Int32Array;
  transform(columns: readonly Column[]): Matrix;
  /** Adds inputs and steps to a graph; answers the name of the matrix [N, width], float. */
  write(graph: GraphBuilder): string;
}

/** Fits the steps of every column on the training rows and puts what they make side by side. `training_failed` names column and step. */
export function fitColumns(
  columns: readonly Column[],
  choose: (column: Column) => readonly StepChoice[],
  context: Omit<FitContext, "column">,
): FittedColumns {
  const fitted = columns.map((column) => {
    const chain: FittedStep[] = [];
    let values: Values = column;
    for (const choice of choose(column)) {
      const { step, parameters } = findStep(choice, column.name);
      const takes = values.kind === "number" ? "matrix" : values.kind;
      if (!step.takes.includes(takes)) throw wrongOrder(column, step.name, takes);
      const next = step.fit(values, parameters, { ...context, column: column.name });
      chain.push(next);
      values = next.training;
    }
    if (values.kind !== "matrix" && values.kind !== "number") throw wrongOrder(column, "the model", values.kind);
    return { chain, training: asMatrix(values) };
  });
  return {
    training: join(fitted.map(({ training }) => training)),
    sources: Int32Array.from(fitted.flatMap(({ training }, source) => training.columns.map(() => source))),
    transform: (given) =>
      join(given.map((column, index) => asMatrix(fitted[index]!.chain.reduce<Values>((values, step) => step.transform(values), column)))),
    write: (graph) => graph.join(columns.map((column, index) => writeColumn(graph, column, fitted[index]!.chain))),
  };
}

function writeColumn(graph: GraphBuilder, { name, kind }: Column, chain: readonly FittedStep[]): string {
  const input = graph.input(graphInputName(name), elementOf(kind));
  return chain.reduce((values, step) => step.write(graph, values), kind === "number" ? graph.asMatrix(input) : input);
}

function join(matrices: readonly Matrix[]): Matrix {
  return { kind: "matrix", names: matrices.flatMap(({ names }) => names), columns: matrices.flatMap(({ columns }) => columns) };
}

function findStep(choice: StepChoice, column: string) {
  const { step: name, ...parameters } = typeof choice === "string" ? { step: choice } : choice;
  const step = steps.find((each) => each.name === name);
  const known = steps.map((each) => each.name).join(", ");
  if (step === undefined)
    throw new AppError("training_failed", `There is no step "${name}" for the column "${column}". There are: ${known}.`);
  const parsed = step.parametersSchema.safeParse(parameters);
  if (parsed.success) return { step, parameters: parsed.data };
  const [issue] = parsed.error.issues;
  throw new AppError(
    "training_failed",
    `The step ${name} of the column "${column}" does not take these parameters: ${issue!.path.join(".")}: ${issue!.message}.`,
  );
}

const descriptions: Readonly<Record<string, string>> = {
  text: "a text; it needs tf-idf, one-hot or target first",
  category: "a category; it needs one-hot, ordinal or target first",
  instant: "an instant; it needs date-parts first",
  matrix: "a number",
};

function wrongOrder({ name }: Column, step: string, given: Values["kind"]): AppError {
  return new AppError("training_failed", `The column "${name}" comes to ${step} as ${descriptions[given]!}.`, {
    details: { column: name, step },
  });
}
