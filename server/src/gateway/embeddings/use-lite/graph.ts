import { AppError } from "../../../core/index.ts";
import { type Attribute, type Graph, type OnnxNode, type OnnxTensor, elementType } from "../../../models/index.ts";
import type { Weight } from "./read-package.ts";

/** Tokens of a text at most. */
export const maxTokens = 512;
/** Numbers of a vector. */
export const dimensions = 512;

const heads = 4;
const layers = [
  { width: 256, headWidth: 64 },
  { width: 512, headWidth: 128 },
];
const encode = "module_apply_default/Encoder_en/KonaTransformer/Encode/";
const kernels = "module/Encoder_en/KonaTransformer/Encode/";

/** Nodes and constants in the order in which they are written. */
class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxTensor[] = [];
  readonly #weights: ReadonlyMap<string, Weight>;

  constructor(weights: ReadonlyMap<string, Weight>) {
    this.#weights = weights;
  }

  apply(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = `${operator}_${this.nodes.length}_out`;
    this.nodes.push({ operator, inputs, outputs: [output], attributes });
    return output;
  }

  split(input: string, sizes: readonly number[]): [string, string, string] {
    const outputs: [string, string, string] = [`${input}_a`, `${input}_b`, `${input}_c`];
    this.nodes.push({ operator: "Split", inputs: [input, this.integers(sizes)], outputs, attributes: { axis: 2 } });
    return outputs;
  }

  weight(name: string, shape?: readonly number[]): string {
    const found = this.#weights.get(name);
    if (found === undefined) throw new AppError("encoder_missing", `The files of the encoder lack "${name}".`);
    return this.#keep({ name: `constant_${this.constants.length}`, shape: shape ?? found.shape, data: found.data });
  }

  numbers(shape: readonly number[], data: Float32Array): string {
    return this.#keep({ name: `constant_${this.constants.length}`, shape, data });
  }

  integers(values: readonly number[]): string {
    return this.#keep({ name: `constant_${this.constants.length}`, shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  /** `input` x kernel + bias. */
  dense(input: string, kernel: string, bias: string): string {
    return this.apply("Add", [this.apply("MatMul", [input, kernel]), bias]);
  }

  #keep(tensor: OnnxTensor): string {
    this.constants.push(tensor);
    return tensor.name;
  }
}

/** Universal Sentence Encoder Lite: two layers of a transformer, the mean over the tokens, one dense layer, length one. */
export function buildGraph(weights: ReadonlyMap<string, Weight>): Graph {
  const graph = new GraphBuilder(weights);
  const [one, two] = [graph.integers([1]), graph.integers([2])];
  const tokenMask = graph.apply("Unsqueeze", ["mask", two]);
  let state = graph.apply("Mul", [embed(graph, weights, [one, two]), tokenMask]);
  const missing = graph.apply("Mul", [graph.apply("Sub", [scalar(graph, 1), "mask"]), scalar(graph, -1e9)]);
  const bias = graph.apply("Unsqueeze", [missing, graph.integers([1, 2])]);
  for (const index of layers.keys()) state = transform(graph, { state, bias, index });
  const sum = graph.apply("ReduceSum", [graph.apply("Mul", [state, tokenMask]), one], { keepdims: 0 });
  const mean = graph.apply("Div", [sum, graph.apply("ReduceSum", ["mask", one], { keepdims: 1 })]);
  const hidden = "module/Encoder_en/hidden_layers/tanh_layer_0/";
  const vector = graph.apply("Tanh", [graph.dense(mean, graph.weight(`${hidden}weights`), graph.weight(`${hidden}bias`))]);
  const squares = graph.apply("ReduceSum", [graph.apply("Mul", [vector, vector]), one], { keepdims: 1 });
  graph.nodes.push({ operator: "Div", inputs: [vector, graph.apply("Sqrt", [squares])], outputs: ["embedding"] });
  return {
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [
      { name: "tokens", type: elementType.int64, shape: ["N", "L"] },
      { name: "mask", type: elementType.float, shape: ["N", "L"] },
    ],
    outputs: [{ name: "embedding", type: elementType.float, shape: ["N", dimensions] }],
  };
}

/** Twice the token's vector and a wave that tells its place. */
function embed(graph: GraphBuilder, weights: ReadonlyMap<string, Weight>, [one, two]: readonly [string, string]): string {
  const timing = weights.get(`${encode}TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`);
  if (timing === undefined) throw new AppError("encoder_missing", "The files of the encoder lack its timing signal.");
  const half = timing.data.length;
  const waves = new Float32Array(maxTokens * half * 2);
  for (let place = 0; place < maxTokens; place++)
    for (const [wave, frequency] of timing.data.entries()) {
      waves[place * half * 2 + wave] = Math.sin(place * frequency);
      waves[place * half * 2 + half + wave] = Math.cos(place * frequency);
    }
  const looked = graph.apply("Gather", [graph.weight("module/Embeddings_en"), "tokens"]);
  const length = graph.apply("Slice", [graph.apply("Shape", ["tokens"]), one, two]);
  const zero = graph.integers([0]);
  const places = graph.apply("Slice", [graph.numbers([maxTokens, half * 2], waves), zero, length, zero]);
  return graph.apply("Add", [graph.apply("Add", [looked, looked]), places]);
}

function transform(graph: GraphBuilder, { state, bias, index }: { state: string; bias: string; index: number }): string {
  const { width, headWidth } = layers[index]!;
  const layer = `${encode}Layer_${index}/TransformerLayer/`;
  const kernel = `${kernels}Layer_${index}/TransformerLayer/MultiheadAttention/`;
  const normal = (input: string, from: string) =>
    graph.apply(
      "LayerNormalization",
      [
        input,
        graph.weight(`${from}layer_prepostprocess/layer_norm/layer_norm_scale/ConcatPartitions/concat`),
        graph.weight(`${from}layer_prepostprocess/layer_norm/layer_norm_bias/ConcatPartitions/concat`),
      ],
      { axis: -1, epsilon: { float: 1e-6 } },
    );
  const biasOf = (name: string) => graph.weight(`${layer}${name}/bias/ConcatPartitions/concat`);
  const mixed = graph.dense(
    normal(state, layer),
    graph.weight(`${kernel}qkv_transform_single/kernel/part_0`, [width, 3 * width]),
    biasOf("MultiheadAttention/qkv_transform_single"),
  );
  const parts = graph.split(mixed, [width, width, width]);
  const byHead = graph.integers([0, 0, heads, headWidth]);
  const turned = (part: string, order: readonly number[]) =>
    graph.apply("Transpose", [graph.apply("Reshape", [part, byHead])], { perm: { integers: order } });
  const [query, key, value] = [turned(parts[0], [0, 2, 1, 3]), turned(parts[1], [0, 2, 3, 1]), turned(parts[2], [0, 2, 1, 3])];
  const scaled = graph.apply("Mul", [query, scalar(graph, 1 / Math.sqrt(headWidth))]);
  const attention = graph.apply("Softmax", [graph.apply("Add", [graph.apply("MatMul", [scaled, key]), bias])], { axis: -1 });
  const heard = graph.apply("Transpose", [graph.apply("MatMul", [attention, value])], { perm: { integers: [0, 2, 1, 3] } });
  const output = graph.dense(
    graph.apply("Reshape", [heard, graph.integers([0, 0, width])]),
    graph.weight(`${kernel}output_transform_single/kernel/part_0`, [width, dimensions]),
    biasOf("MultiheadAttention/output_transform_single"),
  );
  // The first layer is half as wide as what it answers.
  const before = index === 0 ? graph.dense(state, graph.weight(`${layer}dense/kernel/ConcatPartitions/concat`), biasOf("dense")) : state;
  const after = graph.apply("Add", [output, before]);
  const forward = `${encode}TransformerStack/Layer_${index}/TransformerLayer/FFN/`;
  const first = graph.dense(normal(after, `${layer}FFN/`), graph.weight(`${forward}conv1/Tensordot/Reshape_1`), biasOf("FFN/conv1"));
  const second = graph.dense(graph.apply("Relu", [first]), graph.weight(`${forward}conv2/Tensordot/Reshape_1`), biasOf("FFN/conv2"));
  return graph.apply("Add", [second, after]);
}

function scalar(graph: GraphBuilder, value: number): string {
  return graph.numbers([], Float32Array.of(value));
}
