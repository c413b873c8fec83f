import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { createId } from "../../core/index.ts";
import type { ParquetFile } from "../../storage/index.ts";
import { archiveColumns } from "./columns.ts";
import { idsWritten, newRows } from "./repository.ts";
import type { ArchiveDeps, ArchiveFile, ArchiveKind } from "./types.ts";

interface Lines {
  readonly path: string;
  readonly handle: FileHandle;
  readonly firstId: string;
  lastId: string;
}

export interface PartPlace {
  readonly projectId: string;
  readonly kind: ArchiveKind;
  readonly hour: string;
}

export interface PartBounds {
  readonly rows: number;
  /** Characters of JSON. */
  readonly bytes: number;
}

/** Rows of one part of an hour on their way into Parquet: one file of JSON lines a function, in a scratch folder of its own. */
export class PartWriter {
  rows = 0;
  bytes = 0;
  /** Rows that hold nothing to erase. */
  blank = 0;
  firstId = "";
  lastId = "";
  readonly #deps: ArchiveDeps;
  readonly #place: PartPlace;
  readonly #folder: string;
  readonly #lines = new Map<string, Lines>();

  constructor(deps: ArchiveDeps, place: PartPlace) {
    this.#deps = deps;
    this.#place = place;
    this.#folder = join(deps.scratchFolder, `archive-${createId(deps.clock)}`);
  }

  /**
   * Takes rows until the part is full, and answers how many. Cut to the row, so that the parts of an hour depend on its rows alone:
   * a run that repeats another writes the same files.
   */
  async add(rows: readonly { readonly id: string; readonly function: string }[], bounds: PartBounds): Promise<number> {
    const texts = new Map<string, string>();
    let taken = 0;
    for (; taken < rows.length && this.rows < bounds.rows && this.bytes < bounds.bytes; taken++) {
      const row = rows[taken]!;
      const text = `${JSON.stringify(row)}\n`;
      texts.set(row.function, (texts.get(row.function) ?? "") + text);
      const lines = this.#lines.get(row.function) ?? (await this.#begin(row.function, row.id));
      lines.lastId = row.id;
      this.firstId ||= row.id;
      this.lastId = row.id;
      this.rows += 1;
      if (isBlank(row)) this.blank += 1;
      this.bytes += text.length;
    }
    for (const [name, text] of texts) await this.#lines.get(name)!.handle.writeFile(text);
    return taken;
  }

  async #begin(name: string, firstId: string): Promise<Lines> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, `${this.#lines.size}.jsonl`);
    const lines = { path, handle: await open(path, "wx", 0o600), firstId, lastId: firstId };
    this.#lines.set(name, lines);
    return lines;
  }

  /** Writes the Parquet files; rows that stand in one of `known` already are left out. */
  async finish(known: readonly ArchiveFile[], signal: AbortSignal | undefined): Promise<ArchiveFile[]> {
    const files: ArchiveFile[] = [];
    for (const [name, lines] of this.#lines) {
      await lines.handle.close();
      const written = await this.#write(name, lines, { known: known.filter((file) => file.function === name), signal });
      if (written !== null) files.push(written);
    }
    return files;
  }

  async #write(
    name: string,
    lines: Lines,
    options: { known: readonly ArchiveFile[]; signal: AbortSignal | undefined },
  ): Promise<ArchiveFile | null> {
    const { lake, lakeFolder } = this.#deps;
    const folder = join(lakeFolder, folderOf(this.#place, name));
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const columns = archiveColumns[this.#place.kind];
    let written: ParquetFile;
    let { firstId, lastId } = lines;
    if (options.known.length === 0) {
      written = await lake.writeParquet({ jsonlPath: lines.path, columns, folder }, signal);
    } else {
      const known = options.known.map((file) => join(lakeFolder, file.path));
      const [, fresh, ids] = await lake.run(
        [
          { kind: "write", jsonlPath: lines.path, columns, folder: this.#folder },
          {
            kind: "derive",
            sql: newRows,
            files: { found: { step: 0 }, known },
            folder,
          },
          { kind: "query", sql: idsWritten, files: { written: { step: 1 } } },
        ],
        signal,
      );
      written = fresh;
      if (written.rows === 0) {
        await rm(written.path, { force: true });
        return null;
      }
      [firstId, lastId] = [String(ids[0]!["first"]), String(ids[0]!["last"])];
    }
    return {
      kind: this.#place.kind,
      hour: this.#place.hour,
      path: relative(lakeFolder, written.path).split(sep).join("/"),
      function: name,
      firstId,
      lastId,
      rows: written.rows,
      bytes: written.size,
      sha256: written.hash,
    };
  }

  /** Removes the scratch files; also when writing failed in the middle. */
  async close(): Promise<void> {
    for (const { handle } of this.#lines.values()) await handle.close().catch(() => undefined);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** As `countBlank` counts them in SQL. */
function isBlank(row: object): boolean {
  return "erased_hash" in row ? row.erased_hash !== null : "output" in row && row.output === "null";
}

/** `project=<id>/inferences/function=<name>/date=2026-11-21/hour=10`: as DuckDB, Spark and others read them as columns. */
export function folderOf(place: PartPlace, functionName: string): string {
  const [date, hour] = [place.hour.slice(0, 10), place.hour.slice(11, 13)];
  return join(`project=${place.projectId}`, place.kind, `function=${encodeURIComponent(functionName)}`, `date=${date}`, `hour=${hour}`);
}
