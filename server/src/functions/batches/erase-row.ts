import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { AppError, type Context } from "../../core/index.ts";
import { findBatch, replaceLine, replaceResult } from "./repository.ts";
import type { BatchRow, BatchesDeps } from "./types.ts";
import { storeResult } from "./write-result.ts";

export interface RowToErase {
  readonly batchId: string;
  readonly row: number;
  readonly inferenceId: string;
}

type EraseDeps = Pick<BatchesDeps, "sql" | "blobs" | "lake" | "governance" | "scratchFolder">;

/**
 * Takes what one inference answered out of its batch: out of the rows that wait to become a result, or out of the result, which is
 * written anew. The line stays, with nothing in it. A repeat, or a batch that knows nothing of it, changes nothing.
 */
export async function eraseRow(context: Context, erased: RowToErase, deps: EraseDeps): Promise<void> {
  const { sql, blobs } = deps;
  const { batchId, row, inferenceId } = erased;
  const batch = await sql.as(context, async (tx) => {
    await replaceLine(tx, { id: batchId, row }, (line) => blank(line, inferenceId) ?? line);
    return findBatch(tx, batchId);
  });
  const before = batch?.result ?? null;
  if (before === null) return;
  let found = false;
  async function* lines(path: string): AsyncGenerator<string> {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const changed = blank(line, inferenceId);
      found ||= changed !== null;
      yield `${changed ?? line}\n`;
    }
  }
  const known = await blobs.path(context, before.jsonl.hash);
  const write = async (path: string) => {
    await writeFile(path, lines(known));
    return before.rows;
  };
  const result = await storeResult({ context }, write, deps);
  if (!found || result.jsonl.hash === before.jsonl.hash) return;
  await sql.as(context, async (tx) => {
    if (!(await replaceResult(tx, { id: batchId, before: before.jsonl.hash, result })))
      throw new AppError("conflict", `The result of the batch ${batchId} is written anew by somebody else; ask again.`);
    const after = { row, removed: [before.jsonl.hash, before.parquet.hash], added: [result.jsonl.hash, result.parquet.hash] };
    await deps.governance.audit(tx, { action: "functions.erase-batch-row", object: `batch:${batchId}`, after });
  });
  // Each line names its inference, so no other batch has these bytes.
  for (const { hash } of [before.jsonl, before.parquet]) await blobs.remove(context, hash);
}

/** Null where the line is of another inference. */
function blank(text: string, inferenceId: string): string | null {
  if (!text.includes(inferenceId)) return null;
  const line = JSON.parse(text) as BatchRow;
  if (line.inferenceId !== inferenceId) return null;
  const error = line.error === null ? null : { code: line.error.code, message: "The inference was erased." };
  return JSON.stringify({ ...line, output: null, error } satisfies BatchRow);
}
