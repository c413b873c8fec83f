import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../../core/index.ts";
import type { LakeColumn } from "../../storage/index.ts";
import { readLinesAfter } from "./repository.ts";
import type { Batch, BatchRow, BatchesDeps } from "./types.ts";

/** Of a result, in memory: one may be as long as an answer may be. */
const linesAtOnce = 200;

type ResultDeps = Pick<BatchesDeps, "sql" | "blobs" | "lake" | "scratchFolder">;

/** Writes what was answered, in the order of the rows, as JSON lines and as Parquet. The same rows give the same two blobs. */
export async function writeResult(
  input: { readonly context: Context; readonly batchId: string; readonly signal: AbortSignal },
  deps: ResultDeps,
): Promise<NonNullable<Batch["result"]>> {
  return storeResult(input, (path) => writeLines(path, input, deps), deps);
}

/** Keeps what `write` writes, which answers how many lines those are, in both formats. */
export async function storeResult(
  { context, signal }: { readonly context: Context; readonly signal?: AbortSignal },
  write: (path: string) => Promise<number>,
  deps: Pick<ResultDeps, "blobs" | "lake" | "scratchFolder">,
): Promise<NonNullable<Batch["result"]>> {
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "batch-"));
  try {
    const jsonlPath = join(folder, "result.jsonl");
    const rows = await write(jsonlPath);
    const parquet = await deps.lake.writeParquet({ jsonlPath, columns, folder }, { signal });
    const [asLines, asParquet] = [await deps.blobs.putFile(context, jsonlPath), await deps.blobs.putFile(context, parquet.path)];
    return {
      rows,
      jsonl: { hash: asLines.hash, bytes: asLines.size },
      parquet: { hash: asParquet.hash, bytes: asParquet.size },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeLines(path: string, { context, batchId }: { context: Context; batchId: string }, { sql }: ResultDeps): Promise<number> {
  const file = createWriteStream(path);
  let rows = 0;
  let after = 0;
  for (;;) {
    const from = after;
    const lines = await sql.as(context, (tx) => readLinesAfter(tx, { id: batchId, after: from, limit: linesAtOnce }));
    if (lines.length === 0) break;
    if (!file.write(lines.map(({ line }) => `${line}\n`).join(""))) await once(file, "drain");
    rows += lines.length;
    after = lines.at(-1)!.row;
  }
  file.end();
  await once(file, "finish");
  return rows;
}

const types: Readonly<Record<keyof BatchRow, LakeColumn["type"]>> = {
  row: "integer",
  status: "text",
  output: "json",
  variant: "text",
  binding: "text",
  fallback: "boolean",
  latencyMs: "number",
  inferenceId: "text",
  cost: "text",
  error: "json",
};
const columns: readonly LakeColumn[] = Object.entries(types).map(([name, type]) => ({ name, type }));
