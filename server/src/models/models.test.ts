import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ClassificationMetrics, CreateRun } from "@millrace/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDataParts, type DataParts } from "../../test/data.ts";
import { AppError, type Step, createId, createRandom, silentLogger, startThread } from "../core/index.ts";
import type { EventInput, WorkflowRun } from "../jobs/index.ts";
import { fitModel } from "./fit-model.ts";
import { type Models, configSchema, createModels } from "./index.ts";
import { makeRows } from "./test-rows.ts";
import type { RunProgress, TrainResult } from "./types.ts";

let parts: DataParts;
let models: Models;
let dataset: string;
const registered: string[] = [];

beforeAll(async () => {
  parts = await createDataParts({
    define: ({ store, governance, jobs, blobs, data }) => {
      models = createModels({
        sql: store.sql,
        blobs,
        jobs,
        data,
        audit: governance.audit.bind(governance),
        logger: silentLogger,
        version: "1.2.3",
        scratchFolder: join(store.dataFolder, "scratch"),
        startThread: () => startThread("./runtime/test-dying-thread", import.meta.url, undefined),
      });
      jobs.defineWorkflow("test.train-inside@1", (run, request: CreateRun) => models.train(run.context, request, run));
      jobs.defineWorkflow("test.heard@1", async (_run, event: EventInput) => {
        registered.push(event.subject);
        return null;
      });
      jobs.subscribe("models.version-registered", "test", "test.heard@1");
    },
  });
  dataset = await parts.build(datasetRows(300), {
    name: "mail",
    timeColumn: "at",
    labelColumn: "label",
    featureColumns: ["subject", "body"],
    keyColumn: "key",
  });
});
afterAll(async () => {
  await models.close();
  await parts.close();
});

function datasetRows(count: number): Record<string, unknown>[] {
  const { columns, labels } = makeRows(count, 3);
  return labels.map((label, row) => ({
    key: `k${row}`,
    at: new Date(Date.UTC(2002, 0, 1) + row * 3_600_000).toISOString(),
    subject: `${columns.subject[row]!} ${row}`,
    body: `${columns.body[row]!} ${spell(row)}`,
    urgent: row % 2 === 0,
    label,
  }));
}

/** Different words for each row, so that none is a near duplicate of another. */
function spell(row: number): string {
  return Array.from({ length: 12 }, (_, index) => ((row + 1) * 7919 * (index + 3)).toString(36)).join(" ");
}

function request(more: Partial<CreateRun> = {}): CreateRun {
  return { model: "triage-mail", trainer: "text-classifier", dataset, parameters: {}, seed: 7, register: true, ...more };
}

async function train(more: Partial<CreateRun> = {}): Promise<TrainResult> {
  const { workflowId, runId } = await models.createRun(parts.context, request(more));
  const result = await parts.jobs.result<TrainResult>(workflowId);
  expect(result.runId).toBe(runId);
  return result;
}

describe("a training run", () => {
  test("becomes a version with metrics, environment, signature, card and the alias champion, and shows no progress any more", async () => {
    const { runId, reference } = await train();
    const run = await models.getRun(parts.context, runId);
    expect(run).toMatchObject({ model: "triage-mail", dataset: "mail@1", status: "succeeded", version: 1, seed: 7, error: null });
    expect(run.environment).toMatchObject({ millrace: "1.2.3", node: process.versions.node, "onnxruntime-node": "1.30.0" });
    const { accuracy } = run.metrics as ClassificationMetrics;
    expect(accuracy.n).toBe(60);
    expect(accuracy.value).toBeGreaterThan(0.9);
    expect(accuracy.low).toBeLessThan(accuracy.value);
    expect(run.metrics!.baselines).toMatchObject([{ name: "majority", metric: "accuracy" }]);
    expect(run.metrics!.baselines![0]!.estimate.value).toBeLessThan(accuracy.low);
    expect(run.metrics!.slices.map(({ slice, metric }) => `${slice} ${metric}`)).toEqual([
      "label=ham recall",
      "label=ham precision",
      "label=spam recall",
      "label=spam precision",
      "urgent=false accuracy",
      "urgent=true accuracy",
    ]);
    expect(run.trainSeconds).toBeGreaterThan(0);
    expect(run.progress).toBeNull();

    const version = await models.getVersion(parts.context, "triage-mail", 1);
    expect(version).toMatchObject({
      hash: reference!.hash,
      runId,
      dataset: "mail@1",
      aliases: ["champion"],
      signature: {
        labels: ["ham", "spam"],
        inputs: [
          { name: "subject", type: "text" },
          { name: "body", type: "text" },
        ],
      },
    });
    expect(version.card).toContain("# triage-mail@1");
    expect(version.bytes).toBeGreaterThan(1000);
    expect(await models.resolve(parts.context, { model: "triage-mail" })).toEqual({ model: "triage-mail", version: 1, hash: version.hash });
    expect(await models.get(parts.context, "triage-mail")).toMatchObject({
      latest: 1,
      aliases: { champion: 1 },
      history: [{ alias: "champion", from: null, to: 1, by: "system:test" }],
    });
    expect((await parts.audited()).filter((line) => line.startsWith("models."))).toEqual([
      "models.train model:triage-mail",
      "models.register model:triage-mail",
      "models.move-alias model:triage-mail",
    ]);
    await expect.poll(() => registered).toEqual(["triage-mail@1"]);
  });

  test("with the same data and seed gives the same file, as a new version that is not the champion", async () => {
    const before = await models.resolve(parts.context, { model: "triage-mail" });
    const { reference } = await train();
    expect(reference).toEqual({ ...before, version: 2 });
    expect(await models.resolve(parts.context, { model: "triage-mail", version: 2 })).toEqual(reference);
    expect(await models.resolve(parts.context, { model: "triage-mail" })).toEqual(before);
    expect(await models.resolve(parts.context, { model: "triage-mail", version: 9 })).toBeNull();
    expect(await models.resolve(parts.context, { model: "nobody" })).toBeNull();
  });

  test("runs as steps of another module's workflow, without registering when not asked to", async () => {
    const { workflowId } = await parts.jobs.startWorkflow(
      parts.context,
      "test.train-inside@1",
      request({ register: false, parameters: { epochs: 2 } }),
    );
    const result = await parts.jobs.result<TrainResult>(workflowId);
    expect(result.reference).toBeNull();
    expect(await models.getRun(parts.context, result.runId)).toMatchObject({
      status: "succeeded",
      version: null,
      workflowId,
      parameters: { epochs: 2 },
    });
    const page = await models.listRuns(parts.context, { limit: 1, model: "triage-mail" });
    expect(page.items[0]!.id).toBe(result.runId);
    expect((await models.listRuns(parts.context, { limit: 10, cursor: page.next! })).items).toHaveLength(2);
  });

  test("is refused before it starts when it names what does not exist or does not fit", async () => {
    await expect(models.createRun(parts.context, request({ trainer: "oracle" }))).rejects.toMatchObject({ code: "unknown_trainer" });
    await expect(models.createRun(parts.context, request({ dataset: "mail@9" }))).rejects.toMatchObject({ code: "unknown_dataset" });
    await expect(models.createRun(parts.context, request({ parameters: { epochs: "many" } }))).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(models.getRun(parts.context, createId())).rejects.toMatchObject({ code: "unknown_run" });
  });

  test("that cannot succeed says why, on the run and in the workflow", async () => {
    const one = await parts.build(
      datasetRows(60).map((row) => ({ ...row, label: "ham" })),
      { name: "one-label", timeColumn: "at", labelColumn: "label", featureColumns: ["subject", "body"], keyColumn: "key" },
    );
    const { workflowId, runId } = await models.createRun(parts.context, request({ dataset: one, model: "other" }));
    await expect(parts.jobs.result(workflowId)).rejects.toMatchObject({ code: "training_failed" });
    const run = await models.getRun(parts.context, runId);
    expect(run).toMatchObject({ status: "failed", metrics: null, version: null });
    expect(run.error).toMatch(/training_failed: .*two labels/);
    await expect(models.get(parts.context, "other")).rejects.toMatchObject({ code: "unknown_model" });
  });

  test("shows how far it is while it trains; one that is cancelled ends its task, says so, and shows nothing of it", async () => {
    // Long texts of few words: every pass takes a while.
    const random = createRandom(5);
    const say = () => Array.from({ length: 1000 }, () => `word${random.integer(1500)}`).join(" ");
    const long = await parts.build(
      datasetRows(450).map((row) => ({ ...row, body: say() })),
      { name: "long", timeColumn: "at", labelColumn: "label", featureColumns: ["subject", "body"], keyColumn: "key" },
    );
    const slow = request({ dataset: long, model: "slow", parameters: { epochs: 100, closingEpochs: 100 } });
    const { workflowId, runId } = await models.createRun(parts.context, slow);
    const look = async () => (await models.getRun(parts.context, runId)).progress;
    await expect
      .poll(look, { timeout: 20_000 })
      .toMatchObject({ stage: expect.stringMatching(/^epoch \d+ of 200$/) as string, fraction: expect.any(Number) as number });
    const { fraction } = (await look())!;
    await expect.poll(async () => (await look())!.fraction, { timeout: 20_000 }).toBeGreaterThan(fraction);
    expect((await parts.jobs.get(parts.context, workflowId)).status).toBe("running");
    await parts.jobs.cancel(parts.context, workflowId);
    await expect.poll(async () => (await models.getRun(parts.context, runId)).status, { timeout: 20_000 }).toBe("failed");
    const cancelled = await models.getRun(parts.context, runId);
    expect(cancelled.progress).toBeNull();
    expect(cancelled.error).toMatch(/was cancelled/);
  });

  test("that is cancelled between its steps says so", async () => {
    const workflowId = createId();
    const stopped = new AbortController();
    // A workflow as the engine runs it, cancelled when the model is there and nothing of it is written down yet.
    const run: WorkflowRun = {
      workflowId,
      context: parts.context,
      signal: stopped.signal,
      async step(name, work) {
        if (name === "models.publish") {
          stopped.abort(new AppError("conflict", `The workflow ${workflowId} was cancelled.`));
          throw new Error("cancelled");
        }
        return work({ workflowId, step: name, signal: stopped.signal, once: (_tx, first) => first() });
      },
      sleep: async () => {},
      waitFor: async () => null,
    };
    await expect(models.train(parts.context, request({ model: "stopped" }), run)).rejects.toThrow("cancelled");
    const { items } = await models.listRuns(parts.context, { limit: 1, model: "stopped" });
    expect(items).toMatchObject([{ status: "failed", error: `conflict: The workflow ${workflowId} was cancelled.`, progress: null }]);
  });
});

describe("the task process", () => {
  test("says its stages in order, from nothing to all", async () => {
    const { data, blobs } = parts;
    const said: RunProgress[] = [];
    const deps = { data, blobs, logger: silentLogger, config: configSchema.parse(undefined), signal: AbortSignal.timeout(60_000) };
    const scratchFolder = join(parts.store.dataFolder, "told");
    await fitModel(parts.context, request(), { ...deps, scratchFolder, onProgress: (progress) => void said.push(progress) });
    expect(said.map(({ stage }) => stage.replace(/\d+/g, "n"))).toEqual([
      "reading the dataset",
      "reading subject",
      "reading body",
      ...Array.from({ length: 11 }, () => "epoch n of n"),
      "measuring on n rows held back",
      "storing the model",
    ]);
    const fractions = said.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);
  });

  test("that is killed says so, and leaves nothing behind", async () => {
    const scratchFolder = join(parts.store.dataFolder, "killed");
    const { data, blobs } = parts;
    const fit = fitModel(parts.context, request(), {
      data,
      blobs,
      logger: silentLogger,
      scratchFolder,
      config: { ...configSchema.parse(undefined), trainMinutes: 1e-6 },
      signal: AbortSignal.timeout(60_000),
    });
    await expect(fit).rejects.toMatchObject({ code: "task_killed", message: expect.stringMatching(/ran longer than/) as unknown });
    expect(await readdir(scratchFolder)).toEqual([]);
  });
});

describe("an alias", () => {
  test("moves in the caller's transaction, with history and audit, once", async () => {
    const { sql } = parts.store;
    const move = { model: "triage-mail", alias: "champion", version: 2, reason: "won" };
    await expect(
      sql.as(parts.context, async (tx) => {
        await models.moveAlias(tx, move);
        throw new Error("the release failed");
      }),
    ).rejects.toThrow("the release failed");
    expect((await models.get(parts.context, "triage-mail")).aliases).toEqual({ champion: 1 });

    await sql.as(parts.context, (tx) => models.moveAlias(tx, move));
    await sql.as(parts.context, (tx) => models.moveAlias(tx, move));
    const { aliases, history } = await models.get(parts.context, "triage-mail");
    expect(aliases).toEqual({ champion: 2 });
    expect(history.map(({ from, to, reason }) => ({ from, to, reason }))).toEqual([
      { from: 1, to: 2, reason: "won" },
      { from: null, to: 1, reason: "the first registered version" },
    ]);
    await expect(sql.as(parts.context, (tx) => models.moveAlias(tx, { ...move, version: 9 }))).rejects.toMatchObject({
      code: "unknown_model",
    });
    expect((await parts.audited()).filter((line) => line.startsWith("models.move-alias"))).toHaveLength(2);
  });

  test("and version rows cannot be rewritten, and are seen by their own project alone", async () => {
    const { sql } = parts.store;
    for (const statement of ["update models_versions set card = 'better'", "delete from models_alias_history"]) {
      await expect(sql.as(parts.context, (tx) => tx.client.query(statement))).rejects.toThrow(/permission denied/);
    }
    const stranger = { projectId: createId(), principalId: "key:stranger" };
    expect(await models.list(stranger)).toEqual([]);
    expect(await models.resolve(stranger, { model: "triage-mail" })).toBeNull();
    const reference = (await models.resolve(parts.context, { model: "triage-mail" }))!;
    await expect(models.predict(stranger, reference, { subject: "a", body: "b" })).rejects.toMatchObject({ code: "unknown_model" });
  });
});

describe("predicting", () => {
  test("loads the model where it is not yet, answers by label and leaves a step", async () => {
    const reference = (await models.resolve(parts.context, { model: "triage-mail" }))!;
    expect(models.isReady(reference)).toBe(false);
    const steps: Step[] = [];
    const evidence = { step: (step: Step) => void steps.push(step), elapsed: () => 1 };
    const answer = await models.predict(parts.context, reference, { subject: "free money 3", body: "your prize waits" }, { evidence });
    expect(answer.label).toBe("spam");
    expect(answer.confidence).toBe(answer.probabilities["spam"]);
    expect(answer.set).toEqual(["spam"]);
    expect(answer.probabilities["spam"]! + answer.probabilities["ham"]!).toBeCloseTo(1, 5);
    expect(steps).toMatchObject([{ name: "triage-mail@2", kind: "model", status: "ok", details: { hash: reference.hash, batch: 1 } }]);
    expect(models.isReady(reference)).toBe(true);
    await models.load(parts.context, reference);
  });

  test("answers many rows in their order", async () => {
    const reference = (await models.resolve(parts.context, { model: "triage-mail" }))!;
    const rows = Array.from({ length: 40 }, (_, index) => ({ subject: index % 3 === 0 ? "free money" : "lunch?", body: null }));
    const answers = await models.predictMany(parts.context, reference, rows);
    expect(answers.map((answer) => answer.label)).toEqual(rows.map((_, index) => (index % 3 === 0 ? "spam" : "ham")));
  });

  test("refuses a row that lacks an input, and takes null for an empty one", async () => {
    const reference = (await models.resolve(parts.context, { model: "triage-mail" }))!;
    await expect(models.predict(parts.context, reference, { subject: "lunch?" })).rejects.toThrow(/needs the input "body"/);
    expect((await models.predict(parts.context, reference, { subject: "lunch?", body: null })).label).toBe("ham");
    expect((await models.predict(parts.context, reference, { subject: ["free money"], body: { text: "your prize" } })).label).toBe("spam");
    const wrong = { ...reference, hash: "0".repeat(64) };
    await expect(models.predict(parts.context, wrong, { subject: "a", body: "b" })).rejects.toMatchObject({ code: "unknown_model" });
  });

  test("says that the thread died, leaves a failed step, and goes on with the next thread", async () => {
    const reference = (await models.resolve(parts.context, { model: "triage-mail" }))!;
    await models.load(parts.context, reference);
    const steps: Step[] = [];
    const evidence = { step: (step: Step) => void steps.push(step), elapsed: () => 1 };
    const held = models.predict(parts.context, reference, { subject: "die", body: "" }, { evidence });
    await expect(held).rejects.toMatchObject({ code: "thread_died" });
    expect(steps).toMatchObject([{ kind: "model", status: "failed", error: "thread_died" }]);
    expect((await models.predict(parts.context, reference, { subject: "lunch?", body: "re: meeting" })).label).toBe("ham");
  });
});
