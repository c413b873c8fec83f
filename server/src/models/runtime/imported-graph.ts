import type { ModelGraph, ModelSignature } from "@millrace/contract";
import type * as Onnx from "onnxruntime-node";
import type { InputRow } from "./protocol.ts";

export interface GraphRows {
  readonly signature: ModelSignature & { readonly graph: ModelGraph };
  /** Cells in the order of the signature's inputs. */
  readonly rows: readonly InputRow[];
}

/** The inputs of an imported file, by its own names and shapes: [N], or [N, columns] row by row. */
export function feedGraph({ Tensor }: Pick<typeof Onnx, "Tensor">, { signature, rows }: GraphRows): Record<string, Onnx.Tensor> {
  const places = new Map(signature.inputs.map(({ name }, place) => [name, place]));
  return Object.fromEntries(
    signature.graph.inputs.map(({ name, element, columns, isMatrix }) => {
      const at = columns.map((column) => places.get(column)!);
      const cells = rows.flatMap((row) => at.map((place) => row[place] ?? null));
      return [name, new Tensor(element, toData(element, cells) as never, isMatrix ? [rows.length, columns.length] : [rows.length])];
    }),
  );
}

/** Answers of an imported file, whose numbers may be doubles. */
export function readAnswers(data: Onnx.Tensor["data"]): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
}

function toData(element: ModelGraph["inputs"][number]["element"], cells: InputRow): unknown {
  const toNumber = (cell: InputRow[number]) => (typeof cell === "number" ? cell : Number.NaN);
  switch (element) {
    case "float32":
      return Float32Array.from(cells, toNumber);
    case "float64":
      return Float64Array.from(cells, toNumber);
    case "int64":
      return BigInt64Array.from(cells, (cell) => BigInt(typeof cell === "number" ? cell : 0));
    case "bool":
      return Uint8Array.from(cells, (cell) => (cell === "true" ? 1 : 0));
    case "string":
      return cells.map((cell) => String(cell ?? ""));
  }
}
