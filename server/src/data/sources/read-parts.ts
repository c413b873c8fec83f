import { createReadStream, createWriteStream, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { formats } from "./formats/index.ts";
import { Refusal } from "./formats/refusal.ts";
import { OutputFull, RowWriter } from "./formats/row-writer.ts";
import type { FormatResult } from "./formats/types.ts";
import type { CellType, Part, PartReport, TableOptions } from "./types.ts";

/** Job of the task: files in, one file of JSON lines out. */
export interface ReadJob {
  readonly parts: readonly Part[];
  readonly table: TableOptions;
  readonly known: Readonly<Record<string, CellType>>;
  readonly output: string;
  /** Goes on behind the rows of an earlier task. */
  readonly from: { readonly size: number; readonly rows: number };
  readonly maxBytes: number;
  readonly scratch: string;
}

/** Sent as each part ends; all before it is on disk. */
export interface ReadProgress {
  readonly report: PartReport;
  readonly size: number;
  readonly rows: number;
  readonly known: Readonly<Record<string, CellType>>;
}

/** One part after the other. A part that has a fault leaves nothing, and the others go on. Stops before the part that has no room. */
export async function readParts(job: ReadJob, progress: (progress: ReadProgress) => void): Promise<void> {
  const out = new RowWriter(job.output, { size: job.from.size, maxBytes: job.maxBytes });
  const earlier = job.from.rows;
  let { known } = job;
  try {
    for (const part of job.parts) {
      const before = { size: out.size, rows: out.rows };
      let report: PartReport;
      try {
        out.origin = job.table.origin === true ? part.name : null;
        const result = await readPart(part, { job, known, out });
        if (part.version !== undefined && versionOf(part.path) !== part.version) throw new ChangedPart();
        if (result.types !== undefined) known = merge(known, result.types);
        report = { name: part.name, rows: out.rows - before.rows, notes: result.notes, cursor: result.cursor };
      } catch (error) {
        out.rollBack(before);
        if (error instanceof OutputFull && before.size > 0) return;
        report = { name: part.name, rows: 0, notes: [], ...refuse(part, error, job.maxBytes) };
      }
      out.flush();
      progress({ report, size: out.size, rows: earlier + out.rows, known });
    }
  } finally {
    out.close();
  }
}

/** The file as it is, or what is packed in it. */
async function readPart(part: Part, { job, known, out }: { job: ReadJob; known: ReadJob["known"]; out: RowWriter }): Promise<FormatResult> {
  const { table, scratch } = job;
  const read = formats[part.format];
  if (!/\.gz$/i.test(part.name)) return read({ part, table, known, out, scratch });
  const path = join(scratch, "unpacked");
  try {
    await unpack(part.path, { to: path, maxBytes: job.maxBytes });
    return await read({ part: { ...part, path }, table, known, out, scratch });
  } finally {
    await rm(path, { force: true });
  }
}

async function unpack(path: string, { to, maxBytes }: { to: string; maxBytes: number }): Promise<void> {
  let size = 0;
  async function* bounded(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > maxBytes) throw new OutputFull();
      yield chunk;
    }
  }
  try {
    await pipeline(createReadStream(path), createGunzip(), bounded, createWriteStream(to));
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith("Z_")) throw error;
    throw new Refusal(`it cannot be unpacked (gzip): ${(error as Error).message}`);
  }
}

/** A column may be named `__proto__`: a spread makes it a column, an assignment would not. */
function merge<T>(first: Readonly<Record<string, T>>, second: Readonly<Record<string, T>>): Record<string, T> {
  return { ...first, ...second };
}

class ChangedPart extends Error {}

/** Size and time of change: another version has another text. */
export function versionOf(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size}-${mtimeMs}`;
}

function refuse(part: Part, error: unknown, maxBytes: number): Pick<PartReport, "refused" | "again"> {
  const { name } = part;
  if (error instanceof Refusal) return { refused: { name, reason: error.message, row: error.row, column: error.column } };
  if (error instanceof ChangedPart)
    return { refused: { name, reason: "it was changed while it was read; the next read takes it" }, again: true };
  if (error instanceof OutputFull)
    return {
      refused: { name, reason: `its rows are larger than ${maxBytes} bytes (\`data.maxUploadBytes\`); split it, or raise the bound` },
    };
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return { refused: { name, reason: "it was removed before it was read" }, again: true };
  if (code === "EACCES" || code === "EIO") return { refused: { name, reason: `it cannot be opened: ${message}` }, again: true };
  throw error;
}
