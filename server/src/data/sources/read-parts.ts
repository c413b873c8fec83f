import { statSync } from "node:fs";
import { formats } from "./formats/index.ts";
import { Refusal } from "./formats/refusal.ts";
import { OutputFull, RowWriter } from "./formats/row-writer.ts";
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
        const result = await formats[part.format]({ part, table: job.table, known, out, scratch: job.scratch });
        if (part.version !== undefined && versionOf(part.path) !== part.version) throw new ChangedPart();
        if (result.types !== undefined) known = join(known, result.types);
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

/** A column may be named `__proto__`: a spread makes it a column, an assignment would not. */
function join<T>(first: Readonly<Record<string, T>>, second: Readonly<Record<string, T>>): Record<string, T> {
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
