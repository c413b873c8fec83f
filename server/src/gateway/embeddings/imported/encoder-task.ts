import { readFileSync } from "node:fs";
import type * as Onnx from "onnxruntime-node";
import { serveProcess } from "../../process/serve-process.ts";
import { WorkerFailure } from "../../worker-answer.ts";
import { poolVector } from "./pool.ts";
import type { EncodeAnswer, EncodeQuestion } from "./protocol.ts";
import { readTokenizer } from "./read-tokenizer.ts";
import { createWordPiece, cutTokens } from "./word-piece.ts";

// The process in which a file of the user's own is opened: what crashes there, or takes memory, is not ours.

interface Opened {
  readonly onnx: typeof Onnx;
  readonly session: Onnx.InferenceSession;
  readonly output: string;
  readonly tokenize: (text: string) => readonly number[];
}

let opened: Promise<Opened> | undefined;

serveProcess<EncodeQuestion, EncodeAnswer>(async (question) => {
  opened ??= open(question);
  return encode(await opened, question);
});

async function encode(files: Opened, { model, name, texts }: EncodeQuestion): Promise<EncodeAnswer> {
  const { maxTokens, longer, pooling } = model;
  const rows = texts.map((text) => files.tokenize(text));
  const most = Math.max(0, ...rows.map((row) => row.length));
  if (most > maxTokens && longer === "refuse")
    throw new WorkerFailure(
      "invalid_request",
      `A text has ${most} tokens, and ${name} takes ${maxTokens} at most: cut it into pieces, or set \`longer: "cut"\`.`,
      { issues: [{ path: "input", message: `texts of at most ${maxTokens} tokens` }] },
    );
  const vectors: Float32Array[] = [];
  const cut = rows.map((row) => cutTokens(row, maxTokens));
  for (const row of cut) vectors.push(poolVector(await run(files, row), pooling));
  return {
    numbers: Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))).toString("base64"),
    dimensions: vectors[0]?.length ?? 0,
    tokens: cut.reduce((sum, row) => sum + row.length, 0),
  };
}

/** One text at a time: whole numbers of eight bits are scaled by all that goes in together, and a text's vector must not hang on its neighbours. */
async function run({ onnx, session, output }: Opened, row: readonly number[]): Promise<{ dims: readonly number[]; data: Float32Array }> {
  const numbers: Readonly<Record<string, number[] | readonly number[]>> = {
    input_ids: row,
    attention_mask: row.map(() => 1),
    token_type_ids: row.map(() => 0),
  };
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => [name, new onnx.Tensor("int64", BigInt64Array.from(numbers[name]!, BigInt), [1, row.length])]),
  );
  const { dims, data } = (await session.run(feeds, [output]))[output]!;
  if (!(data instanceof Float32Array))
    throw new WorkerFailure("model_not_ready", `The encoder's output ${output} is not of 32-bit numbers.`);
  return { dims, data };
}

async function open({ model, name }: EncodeQuestion): Promise<Opened> {
  let onnx: typeof Onnx;
  try {
    onnx = await import("onnxruntime-node");
  } catch (cause) {
    throw new WorkerFailure("model_runtime_missing", `The package onnxruntime-node cannot be loaded: ${wordsOf(cause)}`, {
      retryable: false,
    });
  }
  const tokenize = await Promise.resolve()
    .then(() =>
      readTokenizer(readFileSync(model.tokenizer, "utf8"), { isJson: model.tokenizer.endsWith(".json"), lowerCase: model.lowerCase }),
    )
    .catch((cause: unknown) => {
      throw new WorkerFailure("model_not_ready", `The tokenizer of ${name} (${model.tokenizer}) cannot be read: ${wordsOf(cause)}.`);
    });
  const options = { intraOpNumThreads: model.threads, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 3 } as const;
  const session = await onnx.InferenceSession.create(model.path, options).catch((cause: unknown) => {
    throw new WorkerFailure("model_not_ready", `The file of ${name} (${model.path}) cannot be opened: ${wordsOf(cause)}.`);
  });
  const { inputNames, outputNames } = session;
  const strange = inputNames.filter((input) => !inputs.includes(input));
  if (strange.length > 0 || !inputNames.includes("input_ids"))
    throw new WorkerFailure(
      "model_not_ready",
      `The file of ${name} is no sentence encoder of BERT's kind: it takes ${inputNames.join(", ")}, and known are ${inputs.join(", ")}.`,
    );
  return {
    onnx,
    session,
    output: outputs.find((each) => outputNames.includes(each)) ?? outputNames[0]!,
    tokenize: createWordPiece(tokenize),
  };
}

const inputs: readonly string[] = ["input_ids", "attention_mask", "token_type_ids"];
/** What exports call it; one that pools by itself goes first. */
const outputs = ["sentence_embedding", "last_hidden_state", "token_embeddings"];

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
