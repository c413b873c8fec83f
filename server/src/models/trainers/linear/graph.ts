import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { writeClasses, writeValue } from "../write-outputs.ts";
import type { LinearModel } from "./answer.ts";

/** The whole model from its raw inputs on as one ONNX graph. */
export function writeLinear(model: LinearModel, labels: readonly string[]): Uint8Array {
  const { columns, scores, centre, scale, minimum, maximum, isClassifier } = model;
  const graph = new GraphBuilder();
  const width = columns.training.columns.length;
  const weights = new Float32Array(width * scores.length);
  for (const [output, score] of scores.entries())
    for (let index = 0; index < width; index++) weights[index * scores.length + output] = score.weights[index]!;
  const product = graph.add("MatMul", [columns.write(graph), graph.constant(weights, [width, scores.length])]);
  const sums = graph.add("Add", [product, graph.floats(...scores.map(({ intercept }) => intercept))]);
  if (isClassifier) writeClasses(graph, sums, labels);
  else {
    const values = graph.add("Add", [graph.add("Mul", [sums, graph.floats(scale)]), graph.floats(centre)]);
    const raised = minimum === Number.NEGATIVE_INFINITY ? values : graph.add("Max", [values, graph.floats(minimum)]);
    writeValue(graph, maximum === Number.POSITIVE_INFINITY ? raised : graph.add("Min", [raised, graph.floats(maximum)]));
  }
  return graph.finish();
}
