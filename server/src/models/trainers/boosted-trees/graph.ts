import type { FittedColumns } from "../../preprocessing/fit-columns.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { writeClasses, writeValue } from "../write-outputs.ts";
import { writeEnsemble } from "./ensemble-node.ts";
import type { Ensemble } from "./types.ts";

/** What a regression may answer: infinite where there is no bound, else 32-bit floats. */
export interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

/** The model as an ONNX file: how columns are prepared, the trees, and what their scores mean. */
export function writeGraph(
  ensemble: Ensemble,
  columns: FittedColumns,
  { labels, bounds }: { labels: readonly string[]; bounds: Bounds },
): Uint8Array {
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
      writeBounded(graph, graph.add("Exp", [scores]), bounds);
      break;
    default:
      writeBounded(graph, scores, bounds);
  }
  return graph.finish();
}

function writeBounded(graph: GraphBuilder, values: string, { minimum, maximum }: Bounds): void {
  const raised = minimum === -Infinity ? values : graph.add("Max", [values, graph.floats(minimum)]);
  writeValue(graph, maximum === Infinity ? raised : graph.add("Min", [raised, graph.floats(maximum)]));
}
