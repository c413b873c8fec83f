import { graphInputName } from "../../columns.ts";
import { type Node, type Tensor, elementType, writeOnnx } from "../../onnx/model.ts";
import type { LinearModel } from "./logistic-regression.ts";
import { ngramAttributes, tokenizerAttributes } from "./ngram-attributes.ts";
import type { Vectorizer } from "./vectorizer.ts";

/** The n-grams of one kind of one column; blocks follow one another in the rows of the weights. */
export interface Block {
  readonly column: string;
  readonly vectorizer: Vectorizer;
}

export interface TextClassifierParts {
  readonly blocks: readonly Block[];
  readonly model: LinearModel;
  readonly labels: readonly string[];
  readonly temperature: number;
}

/**
 * The whole classifier from the prepared text on as one ONNX graph. Inputs: one string vector [N] a column. For each block:
 * tokens -> counts tf -> sqrt(tf) x (idf * weights) / sqrt(tf x idf^2), which is tf-idf scaled to length 1 times the weights;
 * the blocks' sums and the bias, over the temperature, through softmax. Outputs: `label` [N], `probabilities` [N, labels].
 */
export function writeTextClassifier({ blocks, model, labels, temperature }: TextClassifierParts): Uint8Array {
  const nodes: Node[] = [];
  const constants: Tensor[] = [];
  const sums: string[] = [];
  let firstFeature = 0;
  for (const [index, block] of blocks.entries()) {
    sums.push(addBlock({ nodes, constants, name: `#block${index}`, firstFeature }, block, model));
    firstFeature += block.vectorizer.idf.length;
  }
  constants.push({ name: "#bias", shape: [labels.length], data: Float32Array.from(model.bias, (value) => value / temperature) });
  constants.push({ name: "#temperature", shape: [], data: Float32Array.of(temperature) });
  constants.push({ name: "#labels", shape: [labels.length], data: labels });
  nodes.push({ operator: "Sum", inputs: sums, outputs: ["#scores"] });
  nodes.push({ operator: "Div", inputs: ["#scores", "#temperature"], outputs: ["#scaled"] });
  nodes.push({ operator: "Add", inputs: ["#scaled", "#bias"], outputs: ["#logits"] });
  nodes.push({ operator: "Softmax", inputs: ["#logits"], outputs: ["probabilities"], attributes: { axis: -1 } });
  nodes.push({ operator: "ArgMax", inputs: ["probabilities"], outputs: ["#best"], attributes: { axis: -1, keepdims: 0 } });
  nodes.push({ operator: "Gather", inputs: ["#labels", "#best"], outputs: ["label"], attributes: { axis: 0 } });
  const columns = [...new Set(blocks.map((block) => block.column))];
  return writeOnnx({
    nodes,
    constants,
    inputs: columns.map((name) => ({ name: graphInputName(name), type: elementType.string, shape: ["N"] })),
    outputs: [
      { name: "label", type: elementType.string, shape: ["N"] },
      { name: "probabilities", type: elementType.float, shape: ["N", labels.length] },
    ],
  });
}

interface Target {
  readonly nodes: Node[];
  readonly constants: Tensor[];
  readonly name: string;
  readonly firstFeature: number;
}

/** Adds one block; answers the name of its scores [N, labels]. */
function addBlock({ nodes, constants, name, firstFeature }: Target, { column, vectorizer }: Block, model: LinearModel): string {
  const width = vectorizer.idf.length;
  const weights = new Float32Array(width * model.labels);
  for (let feature = 0; feature < width; feature++) {
    for (let label = 0; label < model.labels; label++) {
      weights[feature * model.labels + label] = vectorizer.idf[feature]! * model.weights[(firstFeature + feature) * model.labels + label]!;
    }
  }
  constants.push({ name: `${name}_weights`, shape: [width, model.labels], data: weights });
  constants.push({ name: `${name}_idf2`, shape: [width, 1], data: vectorizer.idf.map((value) => value * value) });
  constants.push({ name: `${name}_tiny`, shape: [], data: Float32Array.of(1e-12) });
  nodes.push({
    operator: "Tokenizer",
    domain: "com.microsoft",
    inputs: [graphInputName(column)],
    outputs: [`${name}_tokens`],
    attributes: tokenizerAttributes(vectorizer),
  });
  nodes.push({ operator: "TfIdfVectorizer", inputs: [`${name}_tokens`], outputs: [`${name}_tf`], attributes: ngramAttributes(vectorizer) });
  nodes.push({ operator: "Sqrt", inputs: [`${name}_tf`], outputs: [`${name}_damped`] });
  nodes.push({ operator: "MatMul", inputs: [`${name}_damped`, `${name}_weights`], outputs: [`${name}_raw`] });
  nodes.push({ operator: "MatMul", inputs: [`${name}_tf`, `${name}_idf2`], outputs: [`${name}_squares`] });
  nodes.push({ operator: "Max", inputs: [`${name}_squares`, `${name}_tiny`], outputs: [`${name}_positive`] });
  nodes.push({ operator: "Sqrt", inputs: [`${name}_positive`], outputs: [`${name}_length`] });
  nodes.push({ operator: "Div", inputs: [`${name}_raw`, `${name}_length`], outputs: [`${name}_scores`] });
  return `${name}_scores`;
}
