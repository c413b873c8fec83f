import type { ModelSignature } from "@millrace/contract";
import { textPreparation } from "./text-input.ts";

export type InputType = ModelSignature["inputs"][number]["type"];

interface Named<Kind extends string, Values> {
  readonly name: string;
  /** What callers send. */
  readonly type: InputType;
  readonly kind: Kind;
  readonly values: Values;
}

/**
 * One feature column as trainers and ONNX graphs see it.
 *
 * - `text`: as it was sent; null is empty. The graph's input is a string, prepared by `prepareText`.
 * - `category`: one of few values; booleans are `true` and `false`; missing is "". The graph's input is a string.
 * - `number`: NaN is missing; never infinite; every value is a 32-bit float, so that a comparison is the same here and in the
 *   graph, whose input is a float.
 * - `instant`: milliseconds since the epoch, UTC; NaN is missing. The graph's input is a double.
 */
export type Column =
  | Named<"text", readonly (string | null)[]>
  | Named<"category", readonly string[]>
  | Named<"number", Float64Array>
  | Named<"instant", Float64Array>;

const kinds = {
  text: "text",
  category: "category",
  boolean: "category",
  number: "number",
  instant: "instant",
  // Imported files alone take these; the runtime hands them over as the file says.
  integer: "number",
  double: "number",
} as const satisfies Record<InputType, Column["kind"]>;

export function kindOf(type: InputType): Column["kind"] {
  return kinds[type];
}

const outputNames = ["label", "probabilities", "value"];

/** The graph's input of a column: its name, unless that is an output's or a name that graphs make up (`#1`). */
export function graphInputName(column: string): string {
  return outputNames.includes(column) || column.startsWith("#") || column.startsWith("input:") ? `input:${column}` : column;
}

/** What a model trained on these rows takes and answers. */
export function signatureOf(rows: {
  readonly task: "classification" | "regression" | "ranking";
  readonly columns: readonly Column[];
  readonly labels: readonly string[];
}): ModelSignature {
  return {
    task: rows.task === "classification" ? "classification" : "regression",
    inputs: rows.columns.map(({ name, type }) => ({ name, type })),
    labels: [...rows.labels],
    text: textPreparation,
  };
}
