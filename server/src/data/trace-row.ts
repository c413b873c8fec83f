import { AppError, type Context } from "../core/index.ts";
import type { BlobStore, Lake } from "../storage/index.ts";
import { parseLine, readLineBatches } from "./parse-rows.ts";
import type { DatasetDetail, RowSource } from "./types.ts";

/** Which lines of the input one kept row stands for. */
export interface RowLines {
  readonly line: number;
  /** Rows that were left out because this one says the same. */
  readonly duplicates: readonly { readonly line: number; readonly kind: "exact" | "near"; readonly similarity: number }[];
}

export interface TraceDeps {
  readonly lake: Lake;
  readonly blobs: BlobStore;
}

/** Where a row of a version came from; rows count from 0 in the version's own order. `not_found`. */
export async function traceRow(
  context: Context,
  { version, row }: { readonly version: DatasetDetail; readonly row: number },
  { lake, blobs }: TraceDeps,
): Promise<RowSource> {
  const { lines } = version.lineage;
  if (lines === null)
    throw new AppError("not_found", `${version.reference} did not keep the lines of its rows; build it again to have them.`);
  if (row >= version.kept) throw new AppError("not_found", `${version.reference} has ${version.kept} rows, from 0 to ${version.kept - 1}.`);
  const [values] = await lake.readParquet(await blobs.path(context, version.hash), { offset: row, limit: 1 });
  const kept = (await readSome(await blobs.path(context, lines.rows), [row + 1])).get(row + 1) as unknown as RowLines;
  const wanted = [kept.line, ...kept.duplicates.map(({ line }) => line)];
  const input = await readSome(await blobs.path(context, lines.input), wanted);
  return {
    row,
    values: values ?? {},
    line: kept.line,
    raw: input.get(kept.line) ?? null,
    duplicates: kept.duplicates.map((each) => ({ ...each, raw: input.get(each.line) ?? null })),
    sources: version.lineage.sources,
  };
}

/** Some lines of a JSONL file, by number from 1, without reading past the last of them. */
async function readSome(path: string, numbers: readonly number[]): Promise<Map<number, Readonly<Record<string, unknown>>>> {
  const wanted = new Set(numbers);
  const found = new Map<number, Readonly<Record<string, unknown>>>();
  let line = 0;
  for await (const batch of readLineBatches(path)) {
    for (const bytes of batch) {
      line += 1;
      if (!wanted.has(line)) continue;
      const parsed = parseLine(bytes, line);
      if (parsed !== null && "raw" in parsed) found.set(line, parsed.raw);
      wanted.delete(line);
    }
    if (wanted.size === 0) break;
  }
  return found;
}
