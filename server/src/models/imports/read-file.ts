import { AppError } from "../../core/index.ts";

/** What an ONNX file says of itself beside its signature. */
export interface FileFacts {
  /** The label lists that classifiers of the file hold, each once: int64 labels as text. */
  readonly labels: readonly (readonly string[])[];
  /** What wrote it: `skl2onnx 1.19`. Empty when it does not say. */
  readonly producer: string;
}

/** What a message holds that is one of these messages itself, by field (onnx.proto3). */
type Message = "model" | "graph" | "node" | "attribute" | "function" | "tensor" | "sparse";
const children: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: "graph", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};
const labelAttributes = ["classlabels_strings", "classlabels_int64s", "classlabels_ints"];
const deepest = 64;
const text = new TextDecoder();

/** Walks the whole file, subgraphs too. `import_refused` for what is no ONNX file, or keeps weights in files beside it. */
export function readFile(bytes: Uint8Array): FileFacts {
  const labels = new Map<string, readonly string[]>();
  let graphs = 0;
  const producer: string[] = [];

  function walk(message: Message, within: Uint8Array, depth: number): void {
    if (depth > deepest) throw refusal(`nests deeper than ${deepest} messages`);
    for (const { field, value } of readFields(within)) {
      // TensorProto.external_data, and data_location = EXTERNAL.
      if (message === "tensor" && (field === 13 || (field === 14 && value === 1n)))
        throw refusal("keeps weights in other files (external data). Save it as one file");
      if (message === "model" && (field === 2 || field === 3) && value instanceof Uint8Array) producer.push(text.decode(value));
      const child = children[message][field];
      if (child === undefined || !(value instanceof Uint8Array)) continue;
      if (child === "graph") graphs += 1;
      if (child === "attribute" && message === "node") noteLabels(value);
      walk(child, value, depth + 1);
    }
  }

  function noteLabels(attribute: Uint8Array): void {
    const fields = [...readFields(attribute)];
    const name = fields.find(({ field }) => field === 1)?.value;
    if (!(name instanceof Uint8Array) || !labelAttributes.includes(text.decode(name))) return;
    const list = fields.flatMap(({ field, value }) => {
      if (field === 9 && value instanceof Uint8Array) return [text.decode(value)];
      if (field !== 8) return [];
      return (value instanceof Uint8Array ? [...readVarints(value)] : [value]).map((each) => String(BigInt.asIntN(64, each)));
    });
    if (list.length > 0) labels.set(JSON.stringify(list), list);
  }

  walk("model", bytes, 0);
  if (graphs === 0) throw refusal("is no ONNX model: it has no graph");
  return { labels: [...labels.values()], producer: producer.join(" ").slice(0, 200) };
}

function refusal(what: string): AppError {
  return new AppError("import_refused", `The file ${what}.`);
}

interface Field {
  readonly field: number;
  /** Of a varint the number, of a length-delimited field its bytes; fixed-width fields are passed over. */
  readonly value: bigint | Uint8Array;
}

function* readFields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw refusal("is no ONNX model, or was cut off");
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (wire === 0) yield { field, value: varint() };
    else if (wire === 2) {
      const length = varint();
      const end = at + Number(length);
      if (end > bytes.length) throw refusal("is no ONNX model, or was cut off");
      yield { field, value: bytes.subarray(at, end) };
      at = end;
    } else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else throw refusal("is no ONNX model");
  }
}

function* readVarints(bytes: Uint8Array): Generator<bigint> {
  let [value, shift] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    yield value;
    [value, shift] = [0n, 0n];
  }
}
