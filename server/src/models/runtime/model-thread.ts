import { parentPort } from "node:worker_threads";
import type * as Onnx from "onnxruntime-node";
import { type InputType, graphInputName, kindOf } from "../columns.ts";
import { prepareText } from "../text-input.ts";
import { feedGraph, readAnswers } from "./imported-graph.ts";
import type { InputRow, OpenModel, RunAnswer, ThreadAnswer, ThreadRequest } from "./protocol.ts";

// The worker thread that holds ONNX sessions: `run()` blocks the thread it is called on, so it is not called on the main one.
// It imports nothing but what prepares inputs: each thread would hold its own copy of the rest.

class ThreadFailure extends Error {
  readonly code: "model_runtime_missing" | "model_not_ready";

  constructor(code: ThreadFailure["code"], message: string) {
    super(message);
    this.code = code;
  }
}

interface Opened {
  readonly model: OpenModel;
  readonly session: Onnx.InferenceSession;
}

const sessions = new Map<string, Opened>();
let onnx: typeof Onnx | undefined;
let turn: Promise<void> = Promise.resolve();

parentPort!.on("message", (request: ThreadRequest) => {
  turn = turn.then(() => answer(request));
});

async function answer(request: ThreadRequest): Promise<void> {
  try {
    send({ id: request.id, answer: await handle(request) });
  } catch (error) {
    const code = error instanceof ThreadFailure ? error.code : "model_not_ready";
    send({ id: request.id, error: { code, message: error instanceof Error ? error.message : String(error) } });
  }
}

function send(message: ThreadAnswer): void {
  parentPort!.postMessage(message);
}

async function handle(request: ThreadRequest): Promise<RunAnswer | null> {
  switch (request.kind) {
    case "run":
      return runRows(request.hash, request.rows);
    case "load":
      await load(request.model);
      return null;
    case "unload":
      await unload(request.hash);
      return null;
    case "close":
      for (const hash of sessions.keys()) await unload(hash);
      parentPort!.close();
      return null;
  }
}

async function load(model: OpenModel): Promise<void> {
  if (sessions.has(model.hash)) return;
  const { InferenceSession } = await openRuntime();
  const session = await InferenceSession.create(model.path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 3,
  });
  sessions.set(model.hash, { model, session });
  // The first run allocates; let no request wait for that.
  await runRows(model.hash, [model.signature.inputs.map(({ type }) => (type === "text" ? "warm up" : null))]);
}

async function openRuntime(): Promise<typeof Onnx> {
  if (onnx !== undefined) return onnx;
  try {
    onnx = await import("onnxruntime-node");
    return onnx;
  } catch (cause) {
    throw new ThreadFailure(
      "model_runtime_missing",
      `The package onnxruntime-node cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

async function unload(hash: string): Promise<void> {
  const opened = sessions.get(hash);
  sessions.delete(hash);
  await opened?.session.release();
}

async function runRows(hash: string, rows: readonly InputRow[]): Promise<RunAnswer> {
  const opened = sessions.get(hash);
  if (opened === undefined || onnx === undefined)
    throw new ThreadFailure("model_not_ready", `The model file ${hash} is not loaded in this thread.`);
  const { session, model } = opened;
  const { graph } = model.signature;
  if (graph !== undefined) {
    const fed = feedGraph(onnx, { signature: { ...model.signature, graph }, rows });
    const startedAt = performance.now();
    const result = await session.run(fed, [graph.output]);
    return { probabilities: readAnswers(result[graph.output]!.data), runMs: performance.now() - startedAt };
  }
  const feeds: Record<string, Onnx.Tensor> = {};
  for (const [column, { name, type }] of model.signature.inputs.entries()) {
    const cells = rows.map((row) => row[column] ?? null);
    feeds[graphInputName(name)] = toTensor(onnx, { type, cells, model });
  }
  const output = model.signature.task === "regression" ? "value" : "probabilities";
  const startedAt = performance.now();
  const result = await session.run(feeds, [output]);
  return { probabilities: result[output]!.data as Float32Array, runMs: performance.now() - startedAt };
}

interface Cells {
  readonly type: InputType;
  readonly cells: InputRow;
  readonly model: OpenModel;
}

/** One input of the graph, as `columns.ts` says. */
function toTensor({ Tensor }: typeof Onnx, { type, cells, model }: Cells): Onnx.Tensor {
  const shape = [cells.length];
  const toNumber = (cell: InputRow[number]) => (typeof cell === "number" ? cell : Number.NaN);
  switch (kindOf(type)) {
    case "text":
      return new Tensor(
        "string",
        cells.map((cell) => prepareText(cell, model.signature.text)),
        shape,
      );
    case "category":
      return new Tensor(
        "string",
        cells.map((cell) => String(cell ?? "")),
        shape,
      );
    case "number":
      return new Tensor("float32", Float32Array.from(cells, toNumber), shape);
    case "instant":
      return new Tensor("float64", Float64Array.from(cells, toNumber), shape);
  }
}
