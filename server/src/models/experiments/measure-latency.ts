import type * as Onnx from "onnxruntime-node";
import { quantile } from "../../statistics/index.ts";
import { type Column, graphInputName } from "../columns.ts";
import { prepareText } from "../text-input.ts";

const warmUps = 10;
const runs = 100;

/** Median milliseconds of the model for one row, over rows of these; null where `onnxruntime-node` is not installed. */
export async function measureLatency(onnx: Uint8Array, columns: readonly Column[]): Promise<number | null> {
  const runtime = await import("onnxruntime-node").catch(() => null);
  if (runtime === null) return null;
  const session = await runtime.InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  const rows = columns[0]!.values.length;
  const times: number[] = [];
  for (let run = 0; run < warmUps + runs; run++) {
    const feeds = Object.fromEntries(columns.map((column) => [graphInputName(column.name), toTensor(runtime, column, run % rows)]));
    const startedAt = performance.now();
    await session.run(feeds);
    if (run >= warmUps) times.push(performance.now() - startedAt);
  }
  await session.release();
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

function toTensor({ Tensor }: typeof Onnx, { kind, values }: Column, row: number): Onnx.Tensor {
  const value = values[row] ?? null;
  switch (kind) {
    case "text":
      return new Tensor("string", [prepareText(value)], [1]);
    case "category":
      return new Tensor("string", [String(value)], [1]);
    case "number":
      return new Tensor("float32", Float32Array.of(Number(value)), [1]);
    case "instant":
      return new Tensor("float64", Float64Array.of(Number(value)), [1]);
  }
}
