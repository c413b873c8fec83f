import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelSignature } from "../../models/index.ts";
import { type InferenceRequest, inferenceSchema } from "./request-schema.ts";
import { inputTensors, outputTensors, readRows, writeOutputs } from "./tensors.ts";

const text = { normalization: "NFC", lowerCase: true, controlCharacters: "space", maxCharacters: 8000 } as const;

/** As a model trained here has it: a vector for each column. */
const trained: ModelSignature = {
  task: "regression",
  inputs: [
    { name: "note", type: "text" },
    { name: "kind", type: "category" },
    { name: "at", type: "instant" },
    { name: "isOpen", type: "boolean" },
    { name: "hours", type: "number" },
  ],
  labels: [],
  text,
};

const cells = [
  ["BYTES", ["a", "b"]],
  ["BYTES", ["x", null]],
  ["BYTES", ["2026-01-01T00:00:00Z", null]],
  ["BOOL", [true, null]],
  ["INT32", [1, 2]],
] as const;

function requestOf(shapeOf: (rows: number) => number[]): InferenceRequest {
  const inputs = trained.inputs.map(({ name }, place) => {
    const [datatype, data] = cells[place]!;
    return { name, datatype, shape: shapeOf(data.length), data };
  });
  return inferenceSchema.parse({ inputs });
}

test("a model trained here takes a tensor for each column, as [n] or [n, 1], whatever their order", () => {
  expect(inputTensors(trained).map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
    ["note", "BYTES", [-1, 1]],
    ["kind", "BYTES", [-1, 1]],
    ["at", "BYTES", [-1, 1]],
    ["isOpen", "BOOL", [-1, 1]],
    ["hours", "FP32", [-1, 1]],
  ]);
  const rows = [
    { note: "a", kind: "x", at: "2026-01-01T00:00:00Z", isOpen: true, hours: 1 },
    { note: "b", kind: null, at: null, isOpen: null, hours: 2 },
  ];
  for (const shapeOf of [(count: number) => [count], (count: number) => [count, 1]]) {
    const request = requestOf(shapeOf);
    expect(readRows(trained, request)).toEqual(rows);
    expect(readRows(trained, { ...request, inputs: request.inputs.toReversed() })).toEqual(rows);
  }
});

test("a regression answers a value a row", () => {
  const predictions = [1.5, -2].map((value) => ({ label: "", confidence: 0, probabilities: {}, value }));
  expect(outputTensors(trained)).toEqual([{ name: "value", datatype: "FP32", shape: [-1] }]);
  expect(writeOutputs(trained, predictions, undefined)).toEqual([{ name: "value", datatype: "FP32", shape: [2], data: [1.5, -2] }]);
});

test("a matrix is read row by row into its columns, flat or nested, or refused when a value is too many", () => {
  const matrix = fc
    .integer({ min: 1, max: 6 })
    .chain((width) =>
      fc.tuple(
        fc.constant(width),
        fc.array(fc.array(fc.integer(), { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
      ),
    );
  fc.assert(
    fc.property(matrix, ([width, rows]) => {
      const columns = Array.from({ length: width }, (_, place) => `c${place}`);
      const signature: ModelSignature = {
        ...trained,
        inputs: columns.map((name) => ({ name, type: "double" })),
        graph: { inputs: [{ name: "X", element: "float64", columns, isMatrix: true }], output: "y" },
      };
      const expected = rows.map((row) => Object.fromEntries(row.map((value, place) => [columns[place], value])));
      const ask = (data: unknown[]) =>
        readRows(signature, { inputs: [{ name: "X", datatype: "FP64", shape: [rows.length, width], data }] });
      expect(ask(rows)).toEqual(expected);
      expect(ask(rows.flat())).toEqual(expected);
      expect(() => ask([...rows.flat(), 1])).toThrow(expect.objectContaining({ code: "invalid_request" }));
    }),
  );
});
