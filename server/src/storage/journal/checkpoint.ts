import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { replaceFile } from "./segment-files.ts";
import type { JournalPosition } from "./types.ts";

/** How far a node's journal is drained. Everything before `segment`/`offset` is stored, rejected, or in `open`. */
export interface Checkpoint extends JournalPosition {
  readonly stored: number;
  readonly rejected: number;
  /** Payloads of `opened` records before the position whose `closed` has not come yet. */
  readonly open: readonly string[];
}

const checkpointSchema = z.object({
  v: z.literal(1),
  segment: z.int(),
  offset: z.int(),
  stored: z.int(),
  rejected: z.int(),
  open: z.array(z.string()),
});

export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const text = await readFile(join(folder, "checkpoint.json"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return checkpointSchema.parse(JSON.parse(text));
  } catch {
    // Written whole or not at all, so this is a damaged disk. Draining everything again is safe: sinks are idempotent.
    return undefined;
  }
}

export function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  return replaceFile(join(folder, "checkpoint.json"), JSON.stringify({ v: 1, ...checkpoint }));
}
