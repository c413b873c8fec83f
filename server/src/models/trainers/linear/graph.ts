import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { writeClasses, writeValue } from "../write-outputs.ts";
import type { LinearModel } from "./train.ts";

/** The whole model from its raw inputs on as one ONNX graph. */
export function writeLinear({ columns, scores, centre, scale, isClassifier }: LinearModel, labels: readonly string[]): Uint8Array {
  const graph = new GraphBuilder();
  const width = columns.training.columns.length;
  const weights = new Float32Array(width * scores.length);
  for (const [output, score] of scores.entries())
    for (let index = 0; index < width; index++) weights[index * scores.length + output] = score.weights[index]!;
  const product = graph.add("MatMul", [columns.write(graph), graph.constant(weights, [width, scores.length])]);
  const sums = graph.add("Add", [product, graph.floats(...scores.map(({ intercept }) => intercept))]);
  if (isClassifier) writeClasses(graph, sums, labels);
  else writeValue(graph, graph.add("Add", [graph.add("Mul", [sums, graph.floats(scale)]), graph.floats(centre)]));
  return graph.finish();
}
