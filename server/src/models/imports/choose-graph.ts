import type { ImportModel, ModelGraph, ModelSignature } from "@millrace/contract";
import type { InferenceSession } from "onnxruntime-node";
import { AppError } from "../../core/index.ts";
import type { InputType } from "../columns.ts";
import { textPreparation } from "../text-input.ts";
import type { FileFacts } from "./read-file.ts";

type Metadata = InferenceSession.ValueMetadata;
type GraphInput = ModelGraph["inputs"][number];

export interface ImportedFile {
  readonly inputs: readonly Metadata[];
  readonly outputs: readonly Metadata[];
  readonly facts: Pick<FileFacts, "labels">;
}

export type Wishes = Pick<ImportModel, "inputs" | "labels" | "task" | "output">;
export type ImportedSignature = ModelSignature & { readonly graph: ModelGraph };

const types: Readonly<Record<string, InputType>> = {
  float32: "number",
  float64: "double",
  int64: "integer",
  bool: "boolean",
  string: "category",
} satisfies Record<GraphInput["element"], InputType>;

/**
 * How a file is fed and read: its inputs as columns, its answer. `import_refused` names the input or output that does not fit, and
 * what is to be said about it; nothing is guessed where two readings are possible.
 */
export function chooseGraph({ inputs, outputs, facts }: ImportedFile, wishes: Wishes): ImportedSignature {
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(wishes.inputs).find((name) => !names.includes(name));
  if (unknown !== undefined) throw refusal(`The file has no input "${unknown}"; it has ${list(names)}.`);
  const taken = inputs.map((input) => readInput(input, wishes.inputs[input.name]));
  const columns = taken.flatMap(({ columns: own, element }) => own.map((name) => ({ name, type: types[element]! })));
  const twice = columns.find(({ name }, place) => columns.findIndex((other) => other.name === name) !== place);
  if (twice !== undefined) throw refusal(`The column "${twice.name}" is named twice.`);
  const labels = chooseLabels(facts, wishes);
  return {
    task: labels === undefined ? "regression" : "classification",
    inputs: columns,
    labels: [...(labels ?? [])],
    text: textPreparation,
    graph: { inputs: taken, output: chooseOutput(outputs, wishes.output, labels) },
  };
}

function readInput(input: Metadata, named: readonly string[] | undefined): GraphInput {
  const what = `The input "${input.name}"`;
  if (!input.isTensor) throw refusal(`${what} is a list or a map; only tensors can be served.`);
  if (types[input.type] === undefined) throw refusal(`${what} takes ${input.type}; what can be served is ${list(Object.keys(types))}.`);
  const [rows, width, ...more] = input.shape;
  if (rows === undefined || more.length > 0)
    throw refusal(`${what} has the shape ${shown(input.shape)}; what can be served is [N] or [N, columns].`);
  if (isFixed(rows))
    throw refusal(`${what} takes exactly ${rows} ${rows === 1 ? "row" : "rows"}. Export the model with a first dimension that may differ.`);
  const isMatrix = width !== undefined;
  const count = !isMatrix ? 1 : isFixed(width) ? width : named?.length;
  const columns = named ?? (count === 1 ? [input.name] : undefined);
  if (columns === undefined || columns.length !== count) {
    const wanted = count === undefined ? "columns" : `${count} ${count === 1 ? "column" : "columns"}`;
    throw refusal(
      `${what} takes ${wanted}${named === undefined ? "" : `, not ${named.length}`}: name each in its order, as ${input.name}=first,second.`,
    );
  }
  return { name: input.name, element: input.type as GraphInput["element"], columns: [...columns], isMatrix };
}

function chooseLabels({ labels: found }: ImportedFile["facts"], { labels, task }: Wishes): readonly string[] | undefined {
  if (task === "regression") {
    if (labels !== undefined) throw refusal("A regression has no labels.");
    return undefined;
  }
  if (labels === undefined) {
    if (found.length > 1) throw refusal(`The file holds several lists of labels: ${found.map(list).join("; ")}. Say which, in order.`);
    if (found.length === 0 && task === "classification")
      throw refusal("The file does not say its labels: name them, in the order of its probabilities.");
    return found[0];
  }
  const doubled = labels.find((label, place) => labels.indexOf(label) !== place);
  if (doubled !== undefined) throw refusal(`The label "${doubled}" is named twice.`);
  const own = found.find((each) => each.length === labels.length && each.every((label) => labels.includes(label)));
  if (own !== undefined && own.some((label, place) => label !== labels[place]))
    throw refusal(`The file has these labels in another order: ${list(own)}.`);
  return labels;
}

function chooseOutput(outputs: readonly Metadata[], wanted: string | undefined, labels: readonly string[] | undefined): string {
  const judged = outputs.map((output) => ({ name: output.name, fault: faultOf(output, labels) }));
  const said = judged.map(({ name, fault }) => `"${name}" ${fault ?? "could be"}`).join("; ");
  if (wanted !== undefined) {
    const found = judged.find(({ name }) => name === wanted);
    if (found === undefined) throw refusal(`The file has no output "${wanted}"; it has ${list(outputs.map(({ name }) => name))}.`);
    if (found.fault !== null) throw refusal(`The output "${wanted}" ${found.fault}.`);
    return wanted;
  }
  const fitting = judged.filter(({ fault }) => fault === null);
  if (fitting.length === 1) return fitting[0]!.name;
  const answer = labels === undefined ? "a number a row" : `probabilities of ${labels.length} labels`;
  throw refusal(`${fitting.length === 0 ? "No output" : "More than one output"} can be the answer (${answer}): ${said}.`);
}

/** Why an output cannot be the answer; null when it can. */
function faultOf(output: Metadata, labels: readonly string[] | undefined): string | null {
  if (!output.isTensor) return "is a list or a map (with scikit-learn: convert with `zipmap: False`)";
  const { type, shape } = output;
  if (type !== "float32" && type !== "float64") return `holds ${type}, no floats`;
  if (shape[0] !== undefined && isFixed(shape[0])) return `has the fixed shape ${shown(shape)}`;
  const width = shape[1];
  if (labels === undefined)
    return shape.length < 2 || (shape.length === 2 && (!isFixed(width!) || width === 1))
      ? null
      : `has the shape ${shown(shape)}, not [N] or [N, 1]`;
  if (shape.length === 0 || (shape.length === 2 && (!isFixed(width!) || width === labels.length))) return null;
  return `has the shape ${shown(shape)}, not [N, ${labels.length}]`;
}

function isFixed(dimension: number | string): dimension is number {
  return typeof dimension === "number" && dimension >= 0;
}

function shown(shape: readonly (number | string)[]): string {
  return `[${shape.map((dimension) => (isFixed(dimension) ? dimension : "N")).join(", ")}]`;
}

function list(names: readonly string[]): string {
  return names.slice(0, 20).join(", ") + (names.length > 20 ? ", ..." : "");
}

export function refusal(message: string): AppError {
  return new AppError("import_refused", message);
}
