import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type Graph, elementType, writeOnnx } from "./model.ts";
import { ProtobufWriter } from "./protobuf.ts";

function hex(writer: ProtobufWriter): string {
  return Buffer.from(writer.finish()).toString("hex");
}

describe("protocol buffers", () => {
  test("are written as the format's own examples", () => {
    expect(hex(new ProtobufWriter().integer(1, 150))).toBe("089601");
    expect(hex(new ProtobufWriter().bytes(2, "testing"))).toBe("120774657374696e67");
    expect(hex(new ProtobufWriter().bytes(3, new ProtobufWriter().integer(1, 150)))).toBe("1a03089601");
    expect(hex(new ProtobufWriter().packedIntegers(6, [3, 270, 86942]))).toBe("3206038e029ea705");
    expect(hex(new ProtobufWriter().integer(1, -1))).toBe("08ffffffffffffffffff01");
    expect(hex(new ProtobufWriter().float(1, 1))).toBe("0d0000803f");
    expect(hex(new ProtobufWriter().packedFloats(1, [1]))).toBe("0a040000803f");
  });

  test("keep 64-bit integers whole", () => {
    expect(hex(new ProtobufWriter().integer(1, 2n ** 63n - 1n))).toBe("08ffffffffffffffff7f");
  });
});

describe("an ONNX file", () => {
  const graph: Graph = {
    nodes: [
      { operator: "Add", inputs: ["x", "offset"], outputs: ["sum"] },
      { operator: "ReduceSum", inputs: ["sum", "axes"], outputs: ["total"], attributes: { keepdims: 0 } },
      { operator: "LeakyRelu", inputs: ["total"], outputs: ["y"], attributes: { alpha: { float: 0.5 } } },
      { operator: "ArgMax", inputs: ["sum"], outputs: ["best"], attributes: { axis: -1, keepdims: 0 } },
      { operator: "Gather", inputs: ["names", "best"], outputs: ["name"] },
    ],
    constants: [
      { name: "offset", shape: [2], data: Float32Array.of(1, -4) },
      { name: "axes", shape: [1], data: BigInt64Array.of(-1n) },
      { name: "names", shape: [2], data: ["erste", "zwölfte"] },
    ],
    inputs: [{ name: "x", type: elementType.float, shape: ["N", 2] }],
    outputs: [
      { name: "y", type: elementType.float, shape: ["N"] },
      { name: "name", type: elementType.string, shape: ["N"] },
    ],
  };

  test("runs: floats, integers, texts, attributes, a dimension left open", async () => {
    const session = await InferenceSession.create(writeOnnx(graph, { trainer: "none" }), { logSeverityLevel: 3 });
    const result = await session.run({ x: new Tensor("float32", Float32Array.of(1, 2, 3, 9), [2, 2]) });
    expect([...(result["y"]!.data as Float32Array)]).toEqual([0, 9]);
    expect([...(result["name"]!.data as string[])]).toEqual(["erste", "zwölfte"]);
  });

  test("is the same for the same graph", () => {
    expect(Buffer.compare(writeOnnx(graph), writeOnnx(graph))).toBe(0);
  });
});
