import { type Graph, elementType } from "../onnx/model.ts";

interface ClassifierOptions {
  /** The first dimension: "N", or a fixed one. */
  readonly rows?: string | number;
  /** What makes probabilities of its scores. */
  readonly transform?: "NONE" | "SOFTMAX";
  /** What it calls its rows, by the position of the largest probability. */
  readonly label?: readonly string[];
}

/** As converters of scikit-learn write a logistic regression: X [N, 2] in, a label and probabilities out. */
export function classifier({ rows = "N", transform = "SOFTMAX", label = ["no", "yes"] }: ClassifierOptions = {}): Graph {
  return {
    nodes: [
      {
        operator: "LinearClassifier",
        inputs: ["X"],
        outputs: ["own", "probabilities"],
        domain: "ai.onnx.ml",
        attributes: {
          coefficients: { floats: [-1, 0.5, 1, -0.5] },
          intercepts: { floats: [0.25, -0.25] },
          classlabels_strings: ["no", "yes"],
          multi_class: 1,
          post_transform: transform,
        },
      },
      { operator: "ArgMax", inputs: ["probabilities"], outputs: ["best"], attributes: { axis: 1, keepdims: 0 } },
      { operator: "Gather", inputs: ["names", "best"], outputs: ["label"] },
    ],
    constants: [{ name: "names", shape: [2], data: label }],
    inputs: [{ name: "X", type: elementType.float, shape: [rows, 2] }],
    outputs: [
      { name: "label", type: elementType.string, shape: [rows] },
      { name: "probabilities", type: elementType.float, shape: [rows, 2] },
    ],
  };
}

/** amount * count, plus 1000 when it is open: a double, an int64, a bool and a text in, a number out. */
export function value({ acrossRows = false }: { readonly acrossRows?: boolean } = {}): Graph {
  return {
    nodes: [
      { operator: "Cast", inputs: ["count"], outputs: ["counts"], attributes: { to: elementType.double } },
      { operator: "Cast", inputs: ["isOpen"], outputs: ["open"], attributes: { to: elementType.double } },
      { operator: "Mul", inputs: ["amount", "counts"], outputs: ["product"] },
      { operator: "Mul", inputs: ["open", "thousand"], outputs: ["extra"] },
      { operator: "Add", inputs: ["product", "extra"], outputs: ["sum"] },
      ...(acrossRows
        ? [{ operator: "CumSum", inputs: ["sum", "first"], outputs: ["total"] }]
        : [{ operator: "Identity", inputs: ["sum"], outputs: ["total"] }]),
      // Of no use to the answer, but an input that nothing reads is left out.
      { operator: "Identity", inputs: ["kind"], outputs: ["said"] },
    ],
    constants: [
      { name: "thousand", shape: [], data: Float64Array.of(1000) },
      { name: "first", shape: [], data: BigInt64Array.of(0n) },
    ],
    inputs: [
      { name: "amount", type: elementType.double, shape: ["N"] },
      { name: "count", type: elementType.int64, shape: ["N"] },
      { name: "isOpen", type: elementType.bool, shape: ["N"] },
      { name: "kind", type: elementType.string, shape: ["N"] },
    ],
    outputs: [
      { name: "total", type: elementType.double, shape: ["N"] },
      { name: "said", type: elementType.string, shape: ["N"] },
    ],
  };
}
