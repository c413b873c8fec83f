import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError, forkTask } from "../../../core/index.ts";
import { createLazyProcess } from "../../process/create-lazy-process.ts";
import type { MadeVectors } from "../types.ts";
import type { ImportedEncoderConfig } from "./config.ts";
import type { EncodeAnswer, EncodeQuestion } from "./protocol.ts";

export interface ImportedEncoder {
  encode(texts: readonly string[], signal: AbortSignal): Promise<MadeVectors>;
  close(): void;
}

/** Of its heap; the model itself lies outside of it. */
const memoryMb = 512;

/** An encoder of the user's own, in a process of its own. `config_invalid` where a file of it is not there. */
export function createImportedEncoder(model: string, config: ImportedEncoderConfig): ImportedEncoder {
  const { idleSeconds, ...rules } = config;
  const name = `onnx/${model}`;
  const opened = {
    ...rules,
    path: findFile(rules.path, `gateway.onnx.${model}.path`),
    tokenizer: findFile(rules.tokenizer, `gateway.onnx.${model}.tokenizer`),
  };
  const process = createLazyProcess<EncodeQuestion, EncodeAnswer>({
    name,
    start: () => forkTask({ name: "./encoder-task", base: import.meta.url }, memoryMb),
    maxWaiting: 100,
    idleMs: idleSeconds * 1000,
  });

  return {
    async encode(texts, signal) {
      const { numbers, dimensions, tokens } = await process.ask({ model: opened, name, texts }, signal);
      const bytes = Buffer.from(numbers, "base64");
      // Copied: a view on numbers must begin at a multiple of four.
      const all = new Float32Array(Uint8Array.from(bytes).buffer);
      return { vectors: texts.map((_, index) => all.slice(index * dimensions, (index + 1) * dimensions)), tokens };
    },
    close: () => process.close(),
  };
}

function findFile(path: string, where: string): string {
  const file = resolve(path);
  if (existsSync(file)) return file;
  const message = `${where} names ${file}, and there is no such file: put it there, or correct the path`;
  throw new AppError("config_invalid", `${message}.`, { details: { issues: [{ path: where, message }] } });
}
