import { ProtobufWriter } from "./protobuf.ts";

/** Element types of ONNX tensors (onnx.proto3, TensorProto.DataType). */
export const elementType = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const;
export type ElementType = (typeof elementType)[keyof typeof elementType];

export type Attribute =
  | number
  | { readonly float: number }
  | string
  | readonly string[]
  | { readonly integers: readonly number[] }
  | { readonly floats: ArrayLike<number> };

export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Empty for the standard operators. */
  readonly domain?: string;
}

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | readonly string[];
}

/** An input or output; a named dimension may differ from run to run. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly constants: readonly Tensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

const irVersion = 9;
const standardOpset = 17;

/** The bytes of an ONNX file (onnx.proto3). The same graph gives the same bytes. */
export function writeOnnx(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const inner = new ProtobufWriter();
  for (const [index, node] of graph.nodes.entries()) inner.bytes(1, writeNode(node, index));
  inner.bytes(2, "millrace");
  for (const tensor of graph.constants) inner.bytes(5, writeTensor(tensor));
  for (const value of graph.inputs) inner.bytes(11, writeValue(value));
  for (const value of graph.outputs) inner.bytes(12, writeValue(value));
  const model = new ProtobufWriter().integer(1, irVersion).bytes(2, "millrace").bytes(7, inner);
  const domains = new Set(graph.nodes.map((node) => node.domain ?? ""));
  model.bytes(8, new ProtobufWriter().integer(2, standardOpset));
  if (domains.has("com.microsoft")) model.bytes(8, new ProtobufWriter().bytes(1, "com.microsoft").integer(2, 1));
  if (domains.has("ai.onnx.ml")) model.bytes(8, new ProtobufWriter().bytes(1, "ai.onnx.ml").integer(2, 3));
  for (const [key, value] of Object.entries(metadata)) model.bytes(14, new ProtobufWriter().bytes(1, key).bytes(2, value));
  return model.finish();
}

function writeNode(node: Node, index: number): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const input of node.inputs) writer.bytes(1, input);
  for (const output of node.outputs) writer.bytes(2, output);
  writer.bytes(3, `${node.operator}_${index}`).bytes(4, node.operator);
  for (const [name, value] of Object.entries(node.attributes ?? {})) writer.bytes(5, writeAttribute(name, value));
  if (node.domain !== undefined) writer.bytes(7, node.domain);
  return writer;
}

function writeAttribute(name: string, value: Attribute): ProtobufWriter {
  const writer = new ProtobufWriter().bytes(1, name);
  if (typeof value === "number") return writer.integer(3, value).integer(20, 2);
  if (typeof value === "string") return writer.bytes(4, value).integer(20, 3);
  if (isTexts(value)) {
    for (const text of value) writer.bytes(9, text);
    return writer.integer(20, 8);
  }
  if ("float" in value) return writer.float(2, value.float).integer(20, 1);
  if ("floats" in value) return writer.packedFloats(7, value.floats).integer(20, 6);
  return writer.packedIntegers(8, value.integers).integer(20, 7);
}

function isTexts(value: Attribute): value is readonly string[] {
  return Array.isArray(value);
}

function writeTensor(tensor: Tensor): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const dimension of tensor.shape) writer.integer(1, dimension);
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array || data instanceof BigInt64Array) {
    writer.integer(
      2,
      data instanceof Float32Array ? elementType.float : data instanceof Float64Array ? elementType.double : elementType.int64,
    );
    writer.bytes(8, tensor.name);
    return writer.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  writer.integer(2, elementType.string);
  for (const text of data) writer.bytes(6, text);
  return writer.bytes(8, tensor.name);
}

function writeValue(value: ValueInfo): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const dimension of value.shape)
    shape.bytes(1, typeof dimension === "string" ? new ProtobufWriter().bytes(2, dimension) : new ProtobufWriter().integer(1, dimension));
  const tensor = new ProtobufWriter().integer(1, value.type).bytes(2, shape);
  return new ProtobufWriter().bytes(1, value.name).bytes(2, new ProtobufWriter().bytes(1, tensor));
}
