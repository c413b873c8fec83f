import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Writes an answer of bytes to a file: under its name only once it is whole. */
export async function saveStream(stream: unknown, out: string): Promise<void> {
  const part = `${out}.part`;
  try {
    await pipeline(Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(part));
    await rename(part, out);
  } finally {
    await rm(part, { force: true });
  }
}
