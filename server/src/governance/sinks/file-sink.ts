import { appendFileSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { checkpointSchema } from "@millrace/contract";
import { z } from "zod";
import type { Checkpoint } from "../types.ts";
import type { Sink } from "./types.ts";

const lineSchema = checkpointSchema.extend({ projectId: z.string() });

/** A file of JSON lines that only grows: put it on another disk, an append-only mount or a folder that is copied away. */
export function createFileSink(path: string, name: string): Sink {
  let opened = false;

  async function write(projectId: string, checkpoint: Checkpoint): Promise<void> {
    // After a power cut the last line may be half there; a new one must not be joined to it.
    const gap = opened || !existsSync(path) || readFileSync(path, "utf8").endsWith("\n") ? "" : "\n";
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, "a", 0o644);
    try {
      appendFileSync(file, `${gap}${JSON.stringify({ projectId, ...checkpoint })}\n`);
      fsyncSync(file);
      opened = true;
    } finally {
      closeSync(file);
    }
  }

  function read(projectId: string): Checkpoint[] {
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n");
    // Half a line, from a power cut, is skipped: its checkpoint was written again.
    return lines.flatMap((line) => {
      const parsed = lineSchema.safeParse(parseJson(line));
      return parsed.data?.projectId === projectId ? [checkpointSchema.parse(parsed.data)] : [];
    });
  }

  return { kind: "file", name, write, read };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
