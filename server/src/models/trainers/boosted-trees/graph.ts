import type { FittedColumns } from "../../preprocessing/fit-columns.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { writeClasses, writeValue } from "../write-outputs.ts";
import { writeEnsemble } from "./ensemble-node.ts";
import type { Ensemble } from "./types.ts";

/** The model as an ONNX file: how columns are prepared, the trees, and what their scores mean. */
export function writeGraph(ensemble: Ensemble, columns: FittedColumns, labels: readonly string[]): Uint8Array {
  const graph = new GraphBuilder();
  const scores = writeEnsemble(graph, ensemble, columns.write(graph));
  switch (ensemble.objective) {
    case "binary":
      // Halves with opposite signs: their softmax is the logistic of the whole.
      writeClasses(graph, graph.add("MatMul", [scores, graph.constant(Float32Array.of(-0.5, 0.5), [1, 2])]), labels);
      break;
    case "multiclass":
      writeClasses(graph, scores, labels);
      break;
    case "poisson":
      writeValue(graph, graph.add("Exp", [scores]));
      break;
    default:
      writeValue(graph, scores);
  }
  return graph.finish();
}
