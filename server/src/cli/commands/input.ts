import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import { InvalidArgumentError } from "commander";
import { AppError } from "../../core/index.ts";

/** JSON from a person; `source` says where it stood. */
export function parseInput(content: string, source: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new AppError("invalid_json", `The input from ${source} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
}

export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("not_found", `The file ${file} cannot be read.`, { cause });
  }
}

/** The path of a file that is there. */
export function findFile(file: string): string {
  if (!existsSync(file)) throw new AppError("not_found", `There is no file ${file}.`, { details: { file } });
  if (!statSync(file).isFile()) throw new InvalidArgumentError(`${file} is not a file.`);
  return file;
}

/** The bytes of a file, as the body of a request. */
export function openFile(file: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(findFile(file))) as ReadableStream<Uint8Array>;
}
