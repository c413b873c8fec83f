import { AppError } from "../../core/index.ts";
import type { Column } from "../columns.ts";
import { prepareText } from "../text-input.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { FittedStep, Matrix, Values } from "./types.ts";

export const { fround } = Math;

/** The numbers of a matrix, or of a column of numbers. */
export function asMatrix(values: Values): Matrix {
  if (values.kind === "matrix") return values;
  if (values.kind === "number") return { kind: "matrix", names: [values.name], columns: [values.values] };
  throw unfit(values, "numbers");
}

/** The values of a column of categories; those of a text as the graph is given them: prepared. */
export function asCategories(values: Values): { readonly name: string; readonly values: readonly string[] } {
  if (values.kind === "category") return values;
  return { name: nameOf(values), values: asTexts(values) };
}

/** Texts as the graph is given them. */
export function asTexts(values: Values): string[] {
  if (values.kind === "text") return values.values.map((text) => prepareText(text));
  throw unfit(values, "texts");
}

function nameOf(values: Values): string {
  return values.kind === "matrix" ? values.names.join(", ") : values.name;
}

export function asInstants(values: Values): Extract<Column, { kind: "instant" }> {
  if (values.kind === "instant") return values;
  throw unfit(values, "instants");
}

function unfit(values: Values, wanted: string): AppError {
  return new AppError("internal", `A step for ${wanted} was given a ${values.kind}.`);
}

/** A step that changes each column of a matrix by itself, with numbers of its own (one a column). */
export interface Elementwise {
  readonly names: readonly string[];
  /** Must round as the graph does. */
  value(x: number, column: number): number;
  write(graph: GraphBuilder, input: string): string;
}

export function elementwise(training: Matrix, { names, value, write }: Elementwise): FittedStep {
  const transform = (values: Values): Matrix => ({
    kind: "matrix",
    names,
    columns: asMatrix(values).columns.map((column, index) => column.map((x) => value(x, index))),
  });
  return { training: transform(training), transform, write };
}

/** (x - centre) / scale, one centre and scale a column. */
export function affine(training: Matrix, centres: readonly number[], scales: readonly number[]): FittedStep {
  const centre = Float32Array.from(centres);
  const scale = Float32Array.from(scales, (each) => (fround(each) > 0 ? each : 1));
  return elementwise(training, {
    names: training.names,
    value: (x, column) => fround(fround(x - centre[column]!) / scale[column]!),
    write: (graph, input) => graph.add("Div", [graph.add("Sub", [input, graph.constant(centre)]), graph.constant(scale)]),
  });
}

/** Those that are there. */
export function present(column: Float64Array): Float64Array {
  return column.filter((x) => !Number.isNaN(x));
}
