import { join } from "node:path";
import type { CreateExperiment, CreateRun, ExperimentResult } from "@millrace/contract";
import { createExperimentSchema } from "@millrace/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDataParts, type DataParts } from "../../../test/data.ts";
import { createId, createRandom, silentLogger } from "../../core/index.ts";
import { type Models, createModels } from "../index.ts";
import type { TrainResult } from "../types.ts";

let parts: DataParts;
let models: Models;
let dataset: string;
/** The run that the search left. */
let registered: string;

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
        scratchFolder: join(store.dataFolder, "scratch"),
      });
    },
  });
  dataset = await build("table", 300);
});
afterAll(async () => {
  await models.close();
  await parts.close();
});

/** The label follows the sum of two numbers, with noise: a straight line is the best there is. */
function build(name: string, count: number): Promise<string> {
  const random = createRandom(4);
  const rows = Array.from({ length: count }, (_, row) => {
    const [first, second] = [random.next(), random.next()];
    return {
      key: `k${row}`,
      at: new Date(Date.UTC(2020, 0, 1) + row * 3_600_000).toISOString(),
      first,
      second,
      label: first + second + 0.3 * (random.next() - 0.5) > 1 ? "yes" : "no",
    };
  });
  return parts.build(rows, { name, timeColumn: "at", labelColumn: "label", featureColumns: ["first", "second"], keyColumn: "key" });
}

/** Runs a search that is cancelled after its first trial, and then resumed. */
async function searchTwice(more: Partial<CreateExperiment>) {
  const request = createExperimentSchema.parse({ model: "table", dataset, ...more });
  const { workflowId, experimentId } = await models.createExperiment(parts.context, request);
  const look = () => models.getExperiment(parts.context, experimentId);
  await expect.poll(async () => (await look()).trials.length, { timeout: 20_000 }).toBeGreaterThan(0);
  await parts.jobs.cancel(parts.context, workflowId);
  await expect.poll(async () => (await look()).status, { timeout: 20_000 }).toBe("failed");
  await parts.jobs.resume(parts.context, workflowId);
  const result = await parts.jobs.result<ExperimentResult>(workflowId);
  return { result, experiment: await look() };
}

async function train(more: Partial<CreateRun>): Promise<TrainResult> {
  const { workflowId } = await models.createRun(parts.context, {
    model: "table",
    trainer: "linear",
    dataset,
    parameters: {},
    seed: 1,
    register: false,
    ...more,
  });
  return parts.jobs.result<TrainResult>(workflowId);
}

describe("a search", () => {
  test("goes on where it was cut, keeps every trial with why it failed or was set aside, registers the best, and draws its learning curve", async () => {
    const space = { penalty: { kind: "log", from: 0.1, to: 10 } } as const;
    const { result, experiment } = await searchTwice({
      candidates: [
        { trainer: "linear", parameters: {}, space },
        { trainer: "linear", parameters: { steps: { nowhere: [] } }, space },
      ],
      algorithm: "halving",
      budget: { trials: 4, seconds: 60 },
      folds: { kind: "time", count: 2 },
      register: true,
      learningCurve: true,
      seed: 5,
    });
    expect(experiment).toMatchObject({ status: "succeeded", metric: "accuracy", error: null, model: "table", dataset, result });
    expect(experiment.trials.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(experiment.trials.map(({ status }) => status).sort()).toEqual(["failed", "pruned", "succeeded", "succeeded"]);
    expect(experiment.trials.map(({ share }) => Number(share.toFixed(2)))).toEqual([0.33, 0.33, 0.33, 1]);
    const reasonOf = (asked: string) => experiment.trials.find(({ status }) => status === asked)!.reason;
    expect(reasonOf("failed")).toMatch(/^training_failed: .*nowhere/);
    expect(reasonOf("pruned")).toBe("rung 1 of 2: number 2 of 3; the best 1 went on to more rows");
    const chosen = experiment.trials[3]!;
    expect(chosen).toMatchObject({ trainer: "linear", reason: null, seed: 5, milliseconds: expect.any(Number) as number });
    expect(chosen.scores.map(({ metric }) => metric)).toEqual(["accuracy", "logLoss"]);
    // Two folds by time of 240 training rows: the last two thirds.
    expect(chosen.scores[0]!.estimate.n).toBe(160);
    expect(chosen.folds).toHaveLength(2);
    expect(result).toMatchObject({ trial: 4, why: "trial 4 (linear) has the best accuracy of 1." });
    const curve = result.learningCurve!;
    expect(curve.map(({ share }) => share)).toEqual([0.1, 0.2, 0.4, 0.8, 1]);
    expect(curve.map(({ rows }) => rows)).toEqual([12, 24, 48, 96, 120]);
    expect(curve.at(-1)!.validation.value).toBe(chosen.scores[0]!.estimate.value);
    registered = result.runId!;
    expect(await models.getVersion(parts.context, "table", result.version!)).toMatchObject({ runId: registered, dataset });
    expect((await models.getRun(parts.context, registered)).parameters).toEqual(chosen.parameters);
    expect(await parts.audited()).toEqual(expect.arrayContaining(["models.search model:table", "models.finish-search model:table"]));
  });

  test("is refused before it starts when it asks for what is not there or does not fit", async () => {
    const ask = (more: object) =>
      models.createExperiment(parts.context, createExperimentSchema.parse({ model: "table", dataset, ...more }));
    const linear = { trainer: "linear", space: {} };
    await expect(ask({ dataset: "table@9" })).rejects.toMatchObject({ code: "unknown_dataset" });
    await expect(ask({ candidates: [{ trainer: "oracle" }] })).rejects.toMatchObject({ code: "unknown_trainer" });
    await expect(ask({ candidates: [linear], metric: "rmse" })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(ask({ candidates: [linear], task: "regression" })).rejects.toMatchObject({ code: "training_failed" });
    await expect(ask({ candidates: [linear], folds: { kind: "group" } })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(ask({ candidates: [{ trainer: "boosted-trees" }], limits: { interpretable: true } })).rejects.toThrow(
      /can be interpreted/,
    );
    await expect(models.getExperiment(parts.context, createId())).rejects.toMatchObject({ code: "unknown_experiment" });
  });
});

describe("two runs side by side", () => {
  test("say what went into them, and by how much one is better over the same rows", async () => {
    const other = await train({ trainer: "baseline", seed: 2 });
    const compared = await models.compareRuns(parts.context, { a: registered, b: other.runId });
    expect(compared.differences).toEqual([
      { field: "parameters.penalty", a: expect.any(Number) as number, b: null },
      { field: "seed", a: 5, b: 2 },
      { field: "trainer", a: "linear", b: "baseline" },
    ]);
    const [accuracy, logLoss] = compared.metrics;
    expect(accuracy).toMatchObject({ metric: "accuracy", better: "a", difference: { n: 60 } });
    expect(accuracy!.difference.value).toBeCloseTo(accuracy!.a.value - accuracy!.b.value, 9);
    expect(logLoss).toMatchObject({ metric: "logLoss", better: "a" });
    expect(logLoss!.difference.high).toBeLessThan(0);
    const run = await models.getRun(parts.context, registered);
    expect(run.metrics).toMatchObject({ accuracy: accuracy!.a });
    const itself = await models.compareRuns(parts.context, { a: registered, b: registered });
    expect(itself).toMatchObject({ differences: [], metrics: [{ better: null, difference: { value: 0 } }, { better: null }] });
  });

  test("are refused when they were measured on different rows, or not at all", async () => {
    const request = { model: "table", trainer: "baseline", parameters: {}, seed: 1, register: false };
    const other = await models.createRun(parts.context, { ...request, dataset: await build("others", 100) });
    const ask = (b: string) => models.compareRuns(parts.context, { a: registered, b });
    await expect(ask(other.runId)).rejects.toThrow(/on table@1 and .* on others@1: they were not measured on the same rows/);
    await expect(ask(createId())).rejects.toMatchObject({ code: "unknown_run" });
  });
});
