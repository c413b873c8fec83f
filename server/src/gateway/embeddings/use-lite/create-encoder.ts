import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAppError, runTask, startThread } from "../../../core/index.ts";
import { createLazyThread } from "../../thread/create-lazy-thread.ts";
import type { Encoder } from "../types.ts";
import type { ConvertJob } from "./convert-task.ts";
import { dimensions, maxTokens } from "./graph.ts";
import type { EncodeAnswer, EncodeQuestion } from "./protocol.ts";
import { findPackage } from "./read-package.ts";

/** Changes with the graph: a file that another version wrote is not opened. */
const graphVersion = 1;
const convertMs = 120_000;

interface Prepared {
  readonly modelPath: string;
  readonly vocabularyPath: string;
}

/** Sentence embeddings made here, in a thread of its own: a long list must not hold up the models that answer live requests. */
export function createEncoder({ cacheFolder }: { readonly cacheFolder: string | undefined }): Encoder {
  const thread = createLazyThread<EncodeQuestion, EncodeAnswer>({
    start: () => startThread("./encoder-thread", import.meta.url, undefined),
    maxWaiting: 100,
  });
  let prepared: Promise<Prepared> | undefined;

  return {
    async encode(_model, texts, signal) {
      // A package that is missing may be installed while we run.
      prepared ??= prepare(cacheFolder).catch((error: unknown) => {
        prepared = undefined;
        throw error;
      });
      const files = await prepared;
      const { numbers, tokens } = await thread.ask({ ...files, texts, maxTokens }, signal).catch(async (error: unknown) => {
        if (isAppError(error) && error.code === "model_not_ready") {
          // Damaged: the next call makes it anew.
          prepared = undefined;
          await rm(files.modelPath, { force: true });
        }
        throw error;
      });
      return { vectors: texts.map((_, index) => numbers.slice(index * dimensions, (index + 1) * dimensions)), tokens };
    },
    close: () => thread.close(),
  };
}

/** Converts the package's files the first time. */
async function prepare(cacheFolder: string | undefined): Promise<Prepared> {
  const { folder, version } = findPackage();
  if (cacheFolder === undefined)
    throw new AppError("encoder_missing", "There is no folder for the converted encoder.", { details: { retryable: false } });
  const modelPath = join(cacheFolder, `use-lite-${version}-${graphVersion}.onnx`);
  const isThere = await access(modelPath).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const job: ConvertJob = { folder, outputPath: modelPath };
    await runTask({ name: "./convert-task", base: import.meta.url }, job, { memoryMb: 512, timeoutMs: convertMs });
  }
  return { modelPath, vocabularyPath: join(folder, "vocab.json") };
}
