import type { GraphBuilder } from "../onnx/graph-builder.ts";
import { elementType } from "../onnx/model.ts";

/** Declares the outputs of a classifier: `probabilities` of a matrix of scores [N, labels], and the `label` of the largest. */
export function writeClasses(graph: GraphBuilder, scores: string, labels: readonly string[]): void {
  const probabilities = graph.add("Softmax", [scores], { attributes: { axis: -1 }, output: "probabilities" });
  const best = graph.add("ArgMax", [probabilities], { attributes: { axis: -1, keepdims: 0 } });
  graph.add("Gather", [graph.constant(labels), best], { attributes: { axis: 0 }, output: "label" });
  graph.output("label", elementType.string, ["N"]);
  graph.output("probabilities", elementType.float, ["N", labels.length]);
}

/** Declares the output of a regression: `value` [N] of a matrix [N, 1]. */
export function writeValue(graph: GraphBuilder, values: string): void {
  graph.add("Squeeze", [values, graph.constant(BigInt64Array.of(1n))], { output: "value" });
  graph.output("value", elementType.float, ["N"]);
}
