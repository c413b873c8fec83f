import { readFileSync } from "node:fs";
import type * as Onnx from "onnxruntime-node";
import { serveThread } from "../../thread/serve-thread.ts";
import { WorkerFailure } from "../../worker-answer.ts";
import type { EncodeAnswer, EncodeQuestion } from "./protocol.ts";
import { type Vocabulary, createTokenizer } from "./tokenizer.ts";

// The thread that makes sentence embeddings: `run()` blocks the thread it is called on.

interface Opened {
  readonly onnx: typeof Onnx;
  readonly session: Onnx.InferenceSession;
  readonly tokenize: (text: string) => number[];
}

/** Rows that go through the session together: of about the same length, so that little of it is padding. */
const maxRows = 16;
let opened: Opened | undefined;

serveThread<EncodeQuestion, EncodeAnswer>(encode, async () => {
  await opened?.session.release();
});

async function encode(question: EncodeQuestion): Promise<EncodeAnswer> {
  const { texts, maxTokens } = question;
  opened ??= await open(question);
  const rows = texts.map((text, index) => ({ index, tokens: opened!.tokenize(text) }));
  const longest = Math.max(...rows.map(({ tokens }) => tokens.length));
  if (longest > maxTokens)
    throw new WorkerFailure(
      "invalid_request",
      `A text has ${longest} tokens, and onnx/use-lite takes ${maxTokens} at most: cut it into pieces.`,
      {
        issues: [{ path: "input", message: `texts of at most ${maxTokens} tokens` }],
      },
    );
  rows.sort((left, right) => left.tokens.length - right.tokens.length);
  let numbers: Float32Array | undefined;
  for (let from = 0; from < rows.length; from += maxRows) {
    const batch = rows.slice(from, from + maxRows);
    const made = await run(
      opened,
      batch.map(({ tokens }) => tokens),
    );
    const width = made.length / batch.length;
    numbers ??= new Float32Array(width * rows.length);
    for (const [place, { index }] of batch.entries()) numbers.set(made.subarray(place * width, (place + 1) * width), index * width);
  }
  return { numbers: numbers ?? new Float32Array(), tokens: rows.reduce((sum, { tokens }) => sum + tokens.length, 0) };
}

async function run({ onnx, session }: Opened, rows: readonly (readonly number[])[]): Promise<Float32Array> {
  const length = Math.max(1, ...rows.map((row) => row.length));
  const tokens = new BigInt64Array(rows.length * length);
  const mask = new Float32Array(rows.length * length);
  for (const [place, row] of rows.entries())
    for (const [index, token] of row.entries()) {
      tokens[place * length + index] = BigInt(token);
      mask[place * length + index] = 1;
    }
  const shape = [rows.length, length];
  const result = await session.run({ tokens: new onnx.Tensor("int64", tokens, shape), mask: new onnx.Tensor("float32", mask, shape) });
  return result["embedding"]!.data as Float32Array;
}

async function open({ modelPath, vocabularyPath }: EncodeQuestion): Promise<Opened> {
  let onnx: typeof Onnx;
  try {
    onnx = await import("onnxruntime-node");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WorkerFailure("model_runtime_missing", `The package onnxruntime-node cannot be loaded: ${why}`, { retryable: false });
  }
  const tokenize = createTokenizer(JSON.parse(readFileSync(vocabularyPath, "utf8")) as Vocabulary);
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 3 } as const;
  const session = await onnx.InferenceSession.create(modelPath, options).catch((cause: unknown) => {
    throw new WorkerFailure("model_not_ready", `The encoder's file cannot be opened: ${String(cause)}`);
  });
  return { onnx, session, tokenize };
}
