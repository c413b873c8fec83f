import type { ModelSignature, Prediction } from "../../models/index.ts";
import { invalid } from "./invalid.ts";
import type { InferenceRequest } from "./request-schema.ts";

type InputType = ModelSignature["inputs"][number]["type"];

/** A tensor as the protocol describes it. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1 is the number of rows. */
  readonly shape: readonly number[];
  readonly parameters?: Readonly<Record<string, string>>;
}

interface InputTensor extends TensorMetadata {
  readonly columns: readonly ModelSignature["inputs"][number][];
  readonly isMatrix: boolean;
}

/** Rows of one body. */
const maxRows = 1024;

const datatypes: Readonly<Record<InputType, string>> = {
  text: "BYTES",
  category: "BYTES",
  instant: "BYTES",
  boolean: "BOOL",
  number: "FP32",
  double: "FP64",
  integer: "INT64",
};
const integers = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"];
const accepted: Readonly<Record<string, readonly string[]>> = {
  BYTES: ["BYTES"],
  BOOL: ["BOOL"],
  INT64: integers,
  FP32: ["FP16", "FP32", "FP64", ...integers],
  FP64: ["FP16", "FP32", "FP64", ...integers],
};
const kinds: Readonly<Record<string, "string" | "boolean" | "number">> = { BYTES: "string", BOOL: "boolean" };

/** The inputs of a model: a tensor for each column, or those of the file itself when it was imported. */
export function inputTensors({ inputs, graph }: ModelSignature): InputTensor[] {
  const byName = new Map(inputs.map((input) => [input.name, input]));
  const groups = graph?.inputs ?? inputs.map(({ name }) => ({ name, columns: [name], isMatrix: false }));
  return groups.map(({ name, columns, isMatrix }) => {
    const own = columns.map((column) => byName.get(column)!);
    return { name, datatype: datatypes[own[0]!.type], shape: [-1, columns.length], columns: own, isMatrix };
  });
}

/** What a model answers: a label and the probabilities of all of them, or a value. */
export function outputTensors({ task, labels }: ModelSignature): TensorMetadata[] {
  if (task === "regression") return [{ name: "value", datatype: "FP32", shape: [-1] }];
  return [
    { name: "label", datatype: "BYTES", shape: [-1] },
    { name: "probabilities", datatype: "FP32", shape: [-1, labels.length], parameters: { labels: JSON.stringify(labels) } },
  ];
}

/** The rows that the tensors of a request hold. `invalid_request` names the tensor, and the row where it is one. */
export function readRows(signature: ModelSignature, { inputs }: InferenceRequest): Record<string, unknown>[] {
  const tensors = inputTensors(signature);
  const known = tensors.map(({ name }) => name);
  const odd = inputs.find(({ name }, place) => !known.includes(name) || inputs.findIndex((other) => other.name === name) !== place);
  if (odd !== undefined)
    throw invalid(
      known.includes(odd.name)
        ? `The input "${odd.name}" comes twice.`
        : `There is no input "${odd.name}"; the model takes ${known.join(", ")}.`,
    );
  const count = inputs[0]!.shape[0]!;
  if (count < 1 || count > maxRows) throw invalid(`The input "${inputs[0]!.name}" has ${count} rows; a body may have 1 to ${maxRows}.`);
  const rows: Record<string, unknown>[] = Array.from({ length: count }, () => ({}));
  for (const tensor of tensors) {
    const given = inputs.find(({ name }) => name === tensor.name);
    if (given === undefined) throw invalid(`The input "${tensor.name}" is missing.`);
    const cells = readCells(tensor, given, count);
    for (const [row, filled] of rows.entries()) {
      for (const [column, { name }] of tensor.columns.entries()) filled[name] = cells[row * tensor.columns.length + column];
    }
  }
  return rows;
}

function readCells(tensor: InputTensor, given: InferenceRequest["inputs"][number], count: number): unknown[] {
  const { name, datatype, columns } = tensor;
  const takes = accepted[datatype]!;
  if (!takes.includes(given.datatype)) throw invalid(`The input "${name}" takes ${takes.join(", ")}, not ${given.datatype}.`);
  const { shape } = given;
  const fits = shape[0] === count && (shape.length === 2 ? shape[1] === columns.length : columns.length === 1);
  if (!fits) {
    const wanted = columns.length === 1 ? `[${count}] or [${count}, 1]` : `[${count}, ${columns.length}]`;
    throw invalid(`The input "${name}" has the shape [${shape.join(", ")}]; ${wanted} is needed.`);
  }
  const cells = given.data.some(Array.isArray) ? given.data.flat() : given.data;
  if (cells.length !== count * columns.length)
    throw invalid(`The input "${name}" has ${cells.length} values; its shape [${shape.join(", ")}] needs ${count * columns.length}.`);
  const kind = kinds[datatype] ?? "number";
  const wrong = cells.findIndex((cell) => cell !== null && typeof cell !== kind);
  if (wrong !== -1)
    throw invalid(
      `The input "${name}" must hold ${kind}s, or null where one is missing; row ${Math.floor(wrong / columns.length) + 1} does not.`,
    );
  return cells;
}

/** The tensors of an answer, those asked for in their order. `invalid_request` for one that there is not. */
export function writeOutputs(signature: ModelSignature, predictions: readonly Prediction[], wanted: InferenceRequest["outputs"]): object[] {
  const every = outputTensors(signature);
  const chosen = wanted?.map(({ name }) => findOutput(every, name)) ?? every;
  return chosen.map(({ shape, ...tensor }) => ({
    ...tensor,
    shape: shape.map((size) => (size === -1 ? predictions.length : size)),
    data: predictions.flatMap((prediction) => readAnswer(tensor.name, prediction, signature)),
  }));
}

/** `invalid_request` before anything is asked, for an output that there is not, or in a form that is not offered. */
export function checkOutputs(signature: ModelSignature, { outputs = [], parameters }: InferenceRequest): void {
  const every = outputTensors(signature);
  for (const { name } of outputs) findOutput(every, name);
  const isBinary = parameters?.["binary_data_output"] === true || outputs.some((output) => output.parameters?.["binary_data"] === true);
  if (isBinary) throw invalid("Answers are JSON; tensors as binary data are not offered. Ask with binary_data: false.");
}

function findOutput(every: readonly TensorMetadata[], name: string): TensorMetadata {
  const found = every.find((output) => output.name === name);
  if (found === undefined)
    throw invalid(`There is no output "${name}"; the model answers ${every.map((output) => output.name).join(", ")}.`);
  return found;
}

function readAnswer(output: string, { label, probabilities, value }: Prediction, { labels }: ModelSignature): unknown[] {
  if (output === "value") return [value];
  return output === "label" ? [label] : labels.map((each) => probabilities[each]);
}
