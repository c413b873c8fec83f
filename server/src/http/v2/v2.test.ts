import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DataParts, createDataParts } from "../../../test/data.ts";
import { alice, clearFunctions } from "../../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../../test/http.ts";
import { createId, silentLogger } from "../../core/index.ts";
import { classifier, value } from "../../models/imports/test-files.ts";
import { type Models, type Graph, createModels, writeOnnx } from "../../models/index.ts";

let parts: DataParts;
let models: Models;
let edge: TestHttp;

beforeAll(async () => {
  parts = await createDataParts({
    start: false,
    define: ({ store, governance, jobs, blobs, data }) => {
      const scratchFolder = join(store.dataFolder, "scratch");
      models = createModels({
        sql: store.sql,
        blobs,
        jobs,
        data,
        audit: governance.audit.bind(governance),
        logger: silentLogger,
        scratchFolder,
      });
    },
  });
  await importFile("churn", classifier(), { X: ["age", "hours"] });
  await importFile("total", value());
  edge = await openTestHttp({ store: parts.store, journalFolder: createId(), definitions: [], ports: { serving: models } });
});
afterAll(async () => {
  await edge.close();
  await models.close();
  await clearFunctions(parts.store);
  await parts.close();
});

async function importFile(name: string, graph: Graph, inputs: Record<string, string[]> = {}) {
  async function* bytes() {
    yield writeOnnx(graph);
  }
  const { id } = await parts.data.upload(parts.context, bytes());
  return models.importVersion(parts.context, name, { uploadId: id, inputs });
}

function get(path: string, key: string | undefined = edge.adminKey) {
  return edge.send({ path, key });
}

function infer(path: string, body: unknown, key: string | undefined = edge.adminKey) {
  return edge.send({ method: "POST", path: `/v2/models/${path}/infer`, key, body });
}

const rows = [0.5, 2, -1, 3, 4, 0.25];
const matrix = { name: "X", shape: [3, 2], datatype: "FP32", data: rows };

/** What the inference of this id left behind. */
async function evidenceOf(id: string) {
  await edge.stored();
  return edge.functions.getInference(alice, id);
}

test("a file that was imported is a version with a card, and the champion of a model that had none; one that does not fit leaves nothing", async () => {
  const version = await models.getVersion(parts.context, "churn", 1);
  expect(version).toMatchObject({ runId: null, metrics: null, aliases: ["champion"], bytes: writeOnnx(classifier()).length });
  expect(version.dataset).toMatch(/^upload:/);
  expect(version.card).toContain("Imported, no metrics known.");
  expect(version.card).toContain("`X` (float32: age, hours)");
  expect(await parts.audited()).toContain("models.import model:churn");
  const { path, name, bytes } = await models.exportVersion(parts.context, "churn", 1);
  expect([name, bytes, await readFile(path)]).toEqual(["churn-1.onnx", version.bytes, Buffer.from(writeOnnx(classifier()))]);
  expect(await parts.audited()).toContain("models.export model:churn");
  await expect(models.exportVersion(parts.context, "churn", 2)).rejects.toMatchObject({ code: "unknown_model" });
  await expect(importFile("broken", classifier())).rejects.toMatchObject({ code: "import_refused" });
  await expect(models.get(parts.context, "broken")).rejects.toMatchObject({ code: "unknown_model" });
});

test("says what it is, what a model takes and answers, and that it is ready", async () => {
  expect((await get("/v2")).json()).toEqual({ name: "millrace", version: "0.0.0-test", extensions: [] });
  expect((await edge.send({ path: "/v2/health/live" })).json()).toEqual({ live: true });
  expect((await edge.send({ path: "/v2/health/ready" })).json()).toEqual({ ready: true });
  expect((await get("/v2/models/churn")).json()).toEqual({
    name: "churn",
    versions: ["1"],
    platform: "onnxruntime_onnx",
    inputs: [{ name: "X", datatype: "FP32", shape: [-1, 2], parameters: { columns: '["age","hours"]' } }],
    outputs: [
      { name: "label", datatype: "BYTES", shape: [-1] },
      { name: "probabilities", datatype: "FP32", shape: [-1, 2], parameters: { labels: '["no","yes"]' } },
    ],
  });
  expect((await get("/v2/models/churn/versions/1/ready")).json()).toEqual({ name: "churn", ready: true });
});

test("answers many rows at once as the file itself does, and the call is one inference with what went in and out", async () => {
  const session = await InferenceSession.create(writeOnnx(classifier()), { logSeverityLevel: 3 });
  const own = await session.run({ X: new Tensor("float32", Float32Array.from(rows), [3, 2]) });
  const answer = await infer("churn", { id: "mine", inputs: [matrix] });
  expect(answer.status).toBe(200);
  const body = answer.json();
  expect(body).toEqual({
    model_name: "churn",
    model_version: "1",
    id: "mine",
    outputs: [
      { name: "label", datatype: "BYTES", shape: [3], data: [...(own["label"]!.data as string[])] },
      {
        name: "probabilities",
        datatype: "FP32",
        shape: [3, 2],
        parameters: { labels: '["no","yes"]' },
        data: [...(own["probabilities"]!.data as Float32Array)],
      },
    ],
  });
  const { hash } = await models.getVersion(parts.context, "churn", 1);
  expect(await evidenceOf(answer.headers["x-millrace-inference"] as string)).toMatchObject({
    function: "model:churn",
    status: "ok",
    variant: "churn@1",
    input: { inputs: [matrix] },
    output: body,
    produced: { modelHash: hash, rows: 3 },
    steps: [{ name: "churn@1", kind: "model", status: "ok", details: { rows: 3 } }],
  });
});

test("takes a version by number, nested data, and answers the outputs that were asked for", async () => {
  const nested = {
    ...matrix,
    data: [
      [0.5, 2],
      [-1, 3],
      [4, 0.25],
    ],
  };
  const answer = await infer("churn/versions/1", { inputs: [nested], outputs: [{ name: "label" }] });
  const [label, ...others] = answer.json<{ outputs: { data: string[] }[] }>().outputs;
  expect(others).toEqual([]);
  expect(label!.data).toHaveLength(3);
});

const column = (name: string, datatype: string, data: unknown[]) => ({ name, datatype, shape: [data.length, 1], data });
const columns = [
  column("amount", "FP64", [0.1, 2]),
  column("count", "INT64", [3, 2 ** 40]),
  column("isOpen", "BOOL", [true, false]),
  column("kind", "BYTES", ["a", null]),
];

test("takes doubles, whole numbers, booleans and texts as they are, a column each", async () => {
  const [output] = (await infer("total", { inputs: columns })).json<{ outputs: { data: number[] }[] }>().outputs;
  expect(output!.data).toEqual([Math.fround(0.1 * 3 + 1000), 2 ** 41]);
});

test.each<[string, string, unknown, number, string]>([
  ["a model that is not there", "other", { inputs: [matrix] }, 404, 'There is no model "other"'],
  ["a version that is not there", "churn/versions/7", { inputs: [matrix] }, 404, "There is no model churn@7"],
  ["no inputs", "churn", {}, 400, "The body is wrong at inputs"],
  ["an input that is not there", "churn", { inputs: [{ ...matrix, name: "Y" }] }, 400, 'There is no input "Y"; the model takes X.'],
  ["another width", "churn", { inputs: [{ ...matrix, shape: [2, 3] }] }, 400, "[2, 2] is needed"],
  ["too few values", "churn", { inputs: [{ ...matrix, shape: [4, 2] }] }, 400, "has 6 values; its shape [4, 2] needs 8"],
  ["too many rows", "churn", { inputs: [{ ...matrix, shape: [1025, 2] }] }, 400, "has 1025 rows; a body may have 1 to 1024"],
  ["another type", "churn", { inputs: [{ ...matrix, datatype: "BYTES" }] }, 400, "takes FP16, FP32"],
  ["a text among numbers", "churn", { inputs: [{ ...matrix, data: [1, 2, 3, "4", 5, 6] }] }, 400, "row 2 does not"],
  ["an output that is not there", "churn", { inputs: [matrix], outputs: [{ name: "score" }] }, 400, 'There is no output "score"'],
  ["binary answers", "churn", { inputs: [matrix], parameters: { binary_data_output: true } }, 400, "binary data are not offered"],
  ["a column that is left out", "total", { inputs: columns.slice(1) }, 400, 'The input "amount" is missing'],
])("refuses %s in the protocol's own shape", async (...[, path, body, status, message]) => {
  const answer = await infer(path, body);
  expect(answer.status).toBe(status);
  expect(answer.json()).toEqual({ error: expect.stringContaining(message) });
});

test("what no row may be fails as an inference: a whole number that is missing or broken", async () => {
  const [amount, , ...others] = columns;
  for (const [cell, said] of [
    [null, "cannot do without"],
    [1.5, "a whole number"],
  ] as const) {
    const answer = await infer("total", { inputs: [amount, column("count", "INT64", [1, cell]), ...others] });
    expect([answer.status, answer.json()]).toEqual([422, { error: expect.stringContaining(said) }]);
  }
  await edge.stored();
  const { items } = await edge.functions.listInferences(alice, { function: "model:total", status: "failed", limit: 10 });
  expect(items.map(({ error }) => error)).toEqual(["invalid_input", "invalid_input"]);
});

test("lets in who may ask this model, and nobody while it is switched off", async () => {
  expect((await infer("churn", { inputs: [matrix] }, "mr_nobody")).status).toBe(401);
  const key = await edge.createKey({ name: "held", roles: ["caller"], functions: ["model:churn"] });
  expect((await infer("churn", { inputs: [matrix] }, key)).status).toBe(200);
  expect((await infer("total", { inputs: columns }, key)).status).toBe(403);
  expect((await get("/v2/models/total", key)).status).toBe(403);
  const turn = (off: boolean) =>
    edge.send({ method: "PUT", path: "/api/governance/switches/model:churn", key: edge.adminKey, body: { off, reason: "wrong" } });
  expect((await turn(true)).status).toBe(200);
  const killed = await infer("churn", { inputs: [matrix] }, key);
  expect([killed.status, killed.json()]).toEqual([503, { error: expect.stringContaining("switched off") }]);
  await turn(false);
  expect((await infer("churn", { inputs: [matrix] }, key)).status).toBe(200);
});

test("other paths and methods are not taken", async () => {
  expect((await get("/v2/repository/index")).json()).toEqual({ error: expect.stringContaining("/v2/models/<name>") });
  expect((await get("/v2/models/churn/infer")).status).toBe(405);
});
