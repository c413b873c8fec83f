import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Column, graphInputName } from "../columns.ts";
import { prepareText } from "../text-input.ts";

/** Columns as the inputs of a graph. */
function toFeeds(columns: readonly Column[]): Record<string, Tensor> {
  return Object.fromEntries(columns.map((column) => [graphInputName(column.name), toTensor(column)]));
}

function toTensor({ kind, values }: Column): Tensor {
  switch (kind) {
    case "number":
      return new Tensor("float32", Float32Array.from(values), [values.length]);
    case "instant":
      return new Tensor("float64", values, [values.length]);
    case "category":
      return new Tensor("string", [...values], [values.length]);
    case "text":
      return new Tensor(
        "string",
        values.map((text) => prepareText(text)),
        [values.length],
      );
  }
}

/** One output of an ONNX file for these rows, flat; for tests. */
export async function runOnnx(onnx: Uint8Array, columns: readonly Column[], output: string): Promise<ArrayLike<number>> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const result = await session.run(toFeeds(columns), [output]);
  await session.release();
  return result[output]!.data as Float32Array;
}
