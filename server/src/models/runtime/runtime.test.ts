import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Deadline, sha256, silentLogger, startThread, workerUrl } from "../../core/index.ts";
import { classificationRows, makeRows, textColumns } from "../test-rows.ts";
import { type TrainedModel, findTrainer } from "../trainers/index.ts";
import { type Runtime, type RuntimeConfig, createRuntime } from "./create-runtime.ts";
import type { OpenModel } from "./protocol.ts";

let folder: string;
let trained: TrainedModel;
let model: OpenModel;
let other: OpenModel;
let runtime: Runtime | undefined;
let workers: Worker[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-models-"));
  trained = await train(1);
  model = await keep(trained);
  other = await keep(await train(2));
});
afterEach(async () => {
  await runtime?.close();
  workers = [];
});
afterAll(() => rm(folder, { recursive: true }));

async function train(seed: number): Promise<TrainedModel> {
  const { columns, labels } = makeRows(200, seed);
  return findTrainer("text-classifier").train(classificationRows(columns, labels), {}, { seed, onProgress: () => {} });
}

async function keep({ onnx, signature }: TrainedModel): Promise<OpenModel> {
  const hash = sha256(onnx);
  const path = join(folder, hash);
  await writeFile(path, onnx);
  return { hash, path, signature };
}

function open(config: Partial<RuntimeConfig> = {}): Runtime {
  runtime = createRuntime({
    config: { threads: 1, maxQueue: 100, maxBatchRows: 32, maxSessions: 4, ...config },
    logger: silentLogger,
    start: () => {
      const worker = startThread("./test-dying-thread", import.meta.url, undefined);
      workers.push(worker);
      return worker;
    },
  });
  return runtime;
}

/** Long enough to keep the thread busy while a test goes on. */
const long = ["free money ".repeat(800), "your prize waits ".repeat(500)];

/** What was asked until now is on its way when it is over. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Ends the thread that holds it (`test-dying-thread.ts`). */
const fatal = ["die", ""];

describe("the model runtime", () => {
  test("answers as the trainer does, alone and in batches, rows never crossed", async () => {
    const opened = open();
    await opened.load(model);
    expect(opened.isReady(model.hash)).toBe(true);
    const { columns } = makeRows(60, 9);
    const expected = trained.predict(textColumns(columns));
    const ask = (row: number) => opened.run(model.hash, [columns.subject[row]!, columns.body[row]!]);
    const first = ask(0);
    await turn();
    const answers = await Promise.all([first, ...expected.slice(1).map((_, row) => ask(row + 1))]);
    for (const [row, answer] of answers.entries()) {
      for (const [label, probability] of expected[row]!.entries())
        expect(Math.abs(answer.probabilities[label]! - probability)).toBeLessThan(1e-5);
    }
    // The first found the thread idle and went alone; those that came meanwhile went together.
    expect(answers[0].batch).toBe(1);
    expect(answers[1]!.batch).toBe(32);
    expect(answers.at(-1)!.batch).toBe(27);
    // Those of one turn go together, also where the thread is idle.
    const together = await Promise.all([0, 1, 2].map(ask));
    expect(together.map(({ batch }) => batch)).toEqual([3, 3, 3]);
  });

  test("refuses past its bound, and says what the bound is", async () => {
    const opened = open({ maxQueue: 2 });
    await opened.load(model);
    const running = [opened.run(model.hash, long)];
    await turn();
    for (let waiting = 0; waiting < 2; waiting++) running.push(opened.run(model.hash, long));
    await expect(opened.run(model.hash, long)).rejects.toMatchObject({ code: "overloaded", details: { bound: 2 } });
    expect(await Promise.all(running)).toHaveLength(3);
  });

  test("drops what waits when its deadline passes; what runs and the others go on", async () => {
    const opened = open();
    await opened.load(model);
    const first = opened.run(model.hash, long);
    await turn();
    const caller = new AbortController();
    const dropped = opened.run(model.hash, long, new Deadline(Infinity, caller.signal));
    const last = opened.run(model.hash, long);
    caller.abort();
    await expect(dropped).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect((await first).probabilities).toHaveLength(2);
    expect((await last).batch).toBe(1);
    await expect(opened.run(model.hash, long, new Deadline(performance.now()))).rejects.toMatchObject({ code: "deadline_exceeded" });
  });

  test("drops what waits when its own time ends", async () => {
    const opened = open();
    await opened.load(model);
    const before = Array.from({ length: 40 }, () => opened.run(model.hash, long));
    const late = opened.run(model.hash, long, new Deadline(performance.now() + 1));
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(await Promise.all(before)).toHaveLength(40);
  });

  test("a thread that dies refuses what it held; what waited is answered by the next, with its sessions", async () => {
    const opened = open();
    await opened.load(model);
    await opened.load(other);
    const held = opened.run(model.hash, fatal);
    const waiting = opened.run(other.hash, long);
    await expect(held).rejects.toMatchObject({ code: "thread_died" });
    expect((await waiting).probabilities).toHaveLength(2);
    expect(workers).toHaveLength(2);
    expect((await opened.run(model.hash, long)).probabilities).toHaveLength(2);
    expect(opened.isReady(model.hash)).toBe(true);
  });

  test("a thread killed again and again comes back each time", async () => {
    const opened = open();
    await opened.load(model);
    for (let round = 0; round < 3; round++) {
      await expect(opened.run(model.hash, fatal)).rejects.toMatchObject({ code: "thread_died" });
      expect((await opened.run(model.hash, ["a", "b"])).probabilities).toHaveLength(2);
    }
    expect(workers).toHaveLength(4);
  });

  test("closes the session used least when there are too many, and opens it again on demand", async () => {
    const opened = open({ maxSessions: 1 });
    await opened.load(model);
    await opened.load(other);
    expect(opened.isReady(model.hash)).toBe(false);
    await expect(opened.run(model.hash, ["a", "b"])).rejects.toMatchObject({ code: "model_not_ready" });
    await opened.load(model);
    expect(opened.isReady(other.hash)).toBe(false);
    expect((await opened.run(model.hash, ["a", "b"])).probabilities).toHaveLength(2);
  });

  test("a file that is no model is refused by name, and harms no other", async () => {
    const opened = open();
    await opened.load(model);
    const path = join(folder, "broken");
    await writeFile(path, "not a model");
    await expect(opened.load({ ...model, hash: "b".repeat(64), path })).rejects.toMatchObject({ code: "model_not_ready" });
    expect(opened.isReady(model.hash)).toBe(true);
    expect((await opened.run(model.hash, ["a", "b"])).batch).toBe(1);
  });

  test("without onnxruntime-node says its name", async () => {
    const hook = `import { registerHooks } from "node:module";
      registerHooks({ resolve: (name, context, next) => { if (name === "onnxruntime-node") throw new Error("Cannot find package"); return next(name, context); } });`;
    runtime = createRuntime({
      config: { threads: 1, maxQueue: 1, maxBatchRows: 1, maxSessions: 1 },
      logger: silentLogger,
      start: () =>
        new Worker(workerUrl("./model-thread", import.meta.url), {
          execArgv: ["--import", `data:text/javascript,${encodeURIComponent(hook)}`],
        }),
    });
    await expect(runtime.load(model)).rejects.toMatchObject({
      code: "model_runtime_missing",
      message: expect.stringContaining("onnxruntime-node") as unknown,
    });
    expect(runtime.isReady(model.hash)).toBe(false);
  });

  test("two threads share the queue", async () => {
    const opened = open({ threads: 2, maxBatchRows: 1 });
    await opened.load(model);
    const answers = await Promise.all(Array.from({ length: 8 }, () => opened.run(model.hash, long)));
    expect(answers.map((answer) => answer.batch)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(workers).toHaveLength(2);
  });

  test("closing refuses what waits", async () => {
    const opened = open();
    await opened.load(model);
    const running = Array.from({ length: 60 }, () => opened.run(model.hash, long));
    const settled = Promise.allSettled(running);
    await opened.close();
    expect((await settled).at(-1)).toMatchObject({ status: "rejected", reason: { code: "overloaded" } });
    await expect(opened.run(model.hash, long)).rejects.toMatchObject({ code: "overloaded" });
  });
});
