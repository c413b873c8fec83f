import { readFile as readBytes } from "node:fs/promises";
import { AppError, serveTask } from "../../core/index.ts";
import { type ImportedSignature, type Wishes, chooseGraph, refusal } from "./choose-graph.ts";
import { readFile } from "./read-file.ts";
import { tryOut } from "./try-out.ts";

export interface ImportJob {
  readonly path: string;
  readonly wishes: Wishes;
}

export interface ImportReport {
  readonly signature: ImportedSignature;
  readonly producer: string;
}

// The task process that opens a file from elsewhere first: what it may do to a process, it does to this one.
serveTask(async ({ path, wishes }: ImportJob): Promise<ImportReport> => {
  const onnx = await import("onnxruntime-node").catch((cause: unknown) => {
    throw new AppError("model_runtime_missing", `The package onnxruntime-node cannot be loaded: ${String(cause)}`);
  });
  const bytes = await readBytes(path);
  const facts = readFile(bytes);
  const session = await onnx.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 }).catch(
    (cause: unknown) => {
      throw refusal(`ONNX Runtime cannot open the file: ${cause instanceof Error ? cause.message : String(cause)}`);
    },
  );
  const signature = chooseGraph({ inputs: session.inputMetadata, outputs: session.outputMetadata, facts }, wishes);
  await tryOut(onnx, session, { signature, facts });
  return { signature, producer: facts.producer };
});
