import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as onnx from "onnxruntime-node";
import { runTask } from "../../core/index.ts";
import { type Graph, writeOnnx } from "../onnx/model.ts";
import { ProtobufWriter } from "../onnx/protobuf.ts";
import { type Wishes, chooseGraph } from "./choose-graph.ts";
import type { ImportReport } from "./import-task.ts";
import { readFile } from "./read-file.ts";
import { classifier, value } from "./test-files.ts";
import { tryOut } from "./try-out.ts";

const nothing: Wishes = { inputs: {}, labels: undefined, task: undefined, output: undefined };

/** What the task process does with a file, in this one. */
async function open(graph: Graph, wishes: Partial<Wishes> = {}) {
  const bytes = writeOnnx(graph);
  const facts = readFile(bytes);
  const session = await onnx.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const signature = chooseGraph({ inputs: session.inputMetadata, outputs: session.outputMetadata, facts }, { ...nothing, ...wishes });
  await tryOut(onnx, session, { signature, facts });
  return signature;
}

function refused(graph: Graph, wishes: Partial<Wishes> = {}): Promise<string> {
  return open(graph, wishes).then(
    () => "taken",
    ({ code, message }: { code: string; message: string }) => (code === "import_refused" ? message : `${code} ${message}`),
  );
}

describe("the signature of a file from elsewhere", () => {
  test("is read: labels, columns of a matrix, the output that is the answer", async () => {
    expect(await open(classifier(), { inputs: { X: ["age", "hours"] } })).toMatchObject({
      task: "classification",
      labels: ["no", "yes"],
      inputs: [
        { name: "age", type: "number" },
        { name: "hours", type: "number" },
      ],
      graph: { inputs: [{ name: "X", element: "float32", columns: ["age", "hours"], isMatrix: true }], output: "probabilities" },
    });
  });

  test("takes inputs of every type by their own names, and a number as the answer", async () => {
    expect(await open(value())).toMatchObject({
      task: "regression",
      labels: [],
      inputs: [
        { name: "amount", type: "double" },
        { name: "count", type: "integer" },
        { name: "isOpen", type: "boolean" },
        { name: "kind", type: "category" },
      ],
      graph: { output: "total" },
    });
  });

  test.each<[string, Graph, Partial<Wishes>, string]>([
    ["columns that nobody named", classifier(), {}, 'The input "X" takes 2 columns: name each in its order, as X=first,second.'],
    ["too few columns", classifier(), { inputs: { X: ["age"] } }, 'The input "X" takes 2 columns, not 1'],
    ["an input that is not there", classifier(), { inputs: { Y: ["age"] } }, 'The file has no input "Y"; it has X.'],
    ["a column twice", classifier(), { inputs: { X: ["age", "age"] } }, 'The column "age" is named twice.'],
    ["rows that cannot be more", classifier({ rows: 1 }), { inputs: { X: ["a", "b"] } }, 'The input "X" takes exactly 1 row.'],
    ["labels in another order", classifier(), { inputs: { X: ["a", "b"] }, labels: ["yes", "no"] }, "in another order: no, yes"],
    [
      "too many labels",
      classifier(),
      { inputs: { X: ["a", "b"] }, labels: ["a", "b", "c"] },
      'No output can be the answer (probabilities of 3 labels): "label" holds string, no floats; "probabilities" has the shape [N, 2], not [N, 3]',
    ],
    ["an answer that is none", classifier(), { inputs: { X: ["a", "b"] }, output: "label" }, 'The output "label" holds string, no floats.'],
    [
      "scores without a softmax",
      classifier({ transform: "NONE" }),
      { inputs: { X: ["a", "b"] } },
      'The output "probabilities" holds no probabilities',
    ],
    [
      "a regression with labels",
      value(),
      { labels: ["a", "b"] },
      'No output can be the answer (probabilities of 2 labels): "total" has the shape [N], not [N, 2]',
    ],
    ["labels that nobody knows", value(), { task: "classification" }, "The file does not say its labels"],
  ])("refuses %s", async (_what, graph, wishes, message) => {
    expect(await refused(graph, wishes)).toContain(message);
  });

  test("refuses labels whose order the file's own label belies", async () => {
    // The classifier is fine; what it calls its rows is turned round behind it.
    const turned = classifier({ label: ["yes", "no"] });
    expect(await refused(turned, { inputs: { X: ["a", "b"] } })).toContain("The labels are in the wrong order");
  });

  test("refuses an answer that hangs on the rows beside it", async () => {
    expect(await refused(value({ acrossRows: true }))).toContain("answers a row differently when other rows come with it");
  });
});

describe("a file", () => {
  test("that keeps weights beside it, is cut off, or is none is refused before it is opened", () => {
    const bytes = writeOnnx(classifier());
    const external = new ProtobufWriter().bytes(7, new ProtobufWriter().bytes(5, new ProtobufWriter().bytes(8, "w").integer(14, 1)));
    // Weights of a subgraph, within an attribute of a node.
    const within = new ProtobufWriter().bytes(
      7,
      new ProtobufWriter().bytes(
        1,
        new ProtobufWriter().bytes(
          5,
          new ProtobufWriter().bytes(6, new ProtobufWriter().bytes(5, new ProtobufWriter().bytes(13, "location"))),
        ),
      ),
    );
    for (const file of [external, within]) expect(() => readFile(file.finish())).toThrow("external data");
    expect(() => readFile(bytes.subarray(0, bytes.length - 3))).toThrow(expect.objectContaining({ code: "import_refused" }));
    for (const text of ["", "id,label\n1,spam\n"])
      expect(() => readFile(Buffer.from(text))).toThrow(expect.objectContaining({ code: "import_refused" }));
    expect(readFile(bytes)).toEqual({ labels: [["no", "yes"]], producer: "millrace" });
  });
});

test("a file that was damaged anywhere is read or refused, never anything else", () => {
  const whole = writeOnnx(classifier());
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(damage, fc.nat(whole.length), (changes, length) => {
      const bytes = whole.slice(0, length);
      for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
      try {
        expect(readFile(bytes).labels.length).toBeLessThan(8);
      } catch (error) {
        expect(error).toMatchObject({ code: "import_refused" });
      }
    }),
    { numRuns: 100 },
  );
});

describe("the task process", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "import-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function runOn(bytes: Uint8Array): Promise<ImportReport> {
    const path = join(folder, "model.onnx");
    await writeFile(path, bytes);
    return runTask<ImportReport>({ name: "./import-task", base: import.meta.url }, { path, wishes: { inputs: { X: ["a", "b"] } } });
  }

  test("answers the signature, or why there is none", async () => {
    expect(await runOn(writeOnnx(classifier()))).toMatchObject({ producer: "millrace", signature: { labels: ["no", "yes"] } });
    const unknown: Graph = { ...classifier(), nodes: [{ operator: "Unheard", inputs: ["X"], outputs: ["probabilities"] }] };
    await expect(runOn(writeOnnx(unknown))).rejects.toMatchObject({
      code: "import_refused",
      message: expect.stringContaining("ONNX Runtime cannot open the file"),
    });
  });
});
