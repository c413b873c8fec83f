import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Context } from "../../core/index.ts";
import { countBlank } from "./erasure-repository.ts";
import { hashBody, hashRecord } from "./hash-record.ts";
import { hourName } from "./hours.ts";
import { readHour } from "./read-hour.ts";
import { type StoredInference, closeHour, findHour, insertFiles, listFiles, lockHour } from "./repository.ts";
import type { ArchiveDeps, ArchiveFile, ArchiveKind } from "./types.ts";
import { PartWriter } from "./write-part.ts";

const defaultPartRows = 100_000;
const defaultPartBytes = 128 * 1024 * 1024;

export interface HourToExport {
  readonly kind: ArchiveKind;
  readonly hour: string;
  /** It was closed before, and may have got records since. */
  readonly late: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes what SQL holds of an hour into Parquet, part by part; a part's files are there before its rows say so. Cut off, it goes
 * on behind the last part. A late hour is read as a whole again, and only what stands in no file yet becomes another file.
 */
export async function exportHour(context: Context, input: HourToExport, deps: ArchiveDeps): Promise<{ files: number; rows: number }> {
  const { sql, clock, governance } = deps;
  const { before, counted } = await sql.as(context, async (tx) => ({
    before: await listFiles(tx, input),
    counted: (await findHour(tx, input))?.rows ?? 0,
  }));
  const after = input.late ? null : lastOf(before);
  const written: ArchiveFile[] = [];
  const bounds = { rows: deps.partRows ?? defaultPartRows, bytes: deps.partBytes ?? defaultPartBytes };
  const slices = readHour(sql, context, { ...input, after });
  let waiting: { readonly id: string; readonly function: string }[] = [];
  for (let done = false; !done;) {
    const part = new PartWriter(deps, { projectId: context.projectId, kind: input.kind, hour: input.hour });
    try {
      while (!done) {
        if (input.signal?.aborted === true) throw new AppError("overloaded", "This process closes; the next run goes on with the hour.");
        waiting = waiting.slice(await part.add(waiting, bounds));
        if (waiting.length > 0) break;
        const slice = await slices.next();
        if (slice.done === true) done = true;
        else waiting = slice.value.map((row) => withHash(row, input.kind));
      }
      const files = await part.finish(input.late ? before : [], input.signal);
      if (files.length === 0) continue;
      const isStale = await sql.as(context, async (tx) => {
        await lockHour(tx, input);
        // What was erased since it was read here must not come back in a file.
        if ((await countBlank(tx, input.kind, { first: part.firstId, last: part.lastId })) !== part.blank) return true;
        const known = [...before, ...written].map((file) => file.path);
        const now = (await listFiles(tx, input)).map((file) => file.path);
        // A node that was taken for dead may still be at it: whoever comes second lets go, or rows would stand in two files.
        if (now.toSorted().join() !== known.toSorted().join())
          throw new AppError("conflict", `Another node writes the evidence of ${hourName(input.hour)}.`);
        await insertFiles(tx, files, new Date(clock.now()).toISOString());
        return false;
      });
      if (isStale) {
        for (const { path } of files) await rm(join(deps.lakeFolder, path), { force: true });
        throw new AppError("conflict", `Evidence of ${hourName(input.hour)} was erased meanwhile; the next run writes the hour.`);
      }
      written.push(...files);
    } finally {
      await part.close();
    }
  }
  // Files that a run wrote which was cut off before it said so are still to be audited.
  if (input.late && written.length === 0 && counted === sumRows(before)) return { files: 0, rows: 0 };
  await sql.as(context, async (tx) => {
    const all = await listFiles(tx, input);
    await closeHour(tx, { ...input, rows: sumRows(all), at: new Date(clock.now()).toISOString() });
    const files = all.map(({ path, rows, bytes, sha256 }) => ({ path, rows, bytes, sha256 }));
    await governance.audit(tx, { action: "functions.export-evidence", object: `${input.kind}:${hourName(input.hour)}`, after: { files } });
  });
  return { files: written.length, rows: sumRows(written) };
}

function withHash<Row extends { readonly id: string; readonly function: string }>(row: Row, kind: ArchiveKind): Row {
  if (kind === "shadows") return row;
  const stored = row as unknown as StoredInference;
  return { ...row, body_hash: hashBody(stored), record_hash: hashRecord(stored) };
}

function lastOf(files: readonly ArchiveFile[]): string | null {
  return files.reduce<string | null>((last, file) => (last === null || file.lastId > last ? file.lastId : last), null);
}

function sumRows(files: readonly ArchiveFile[]): number {
  return files.reduce((sum, file) => sum + file.rows, 0);
}
