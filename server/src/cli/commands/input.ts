import { readFileSync } from "node:fs";
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
