import type { Context } from "../core/index.ts";
import type { RowToErase } from "./batches/erase-row.ts";
import { findInference } from "./repository.ts";
import type { FunctionsDeps } from "./types.ts";

/** The row of a batch that an inference answers, as its metadata says; null where it is of none, or erased already. */
export async function findBatchRow(
  context: Context,
  inferenceId: string,
  { sql, archive }: Pick<FunctionsDeps, "sql" | "archive">,
): Promise<RowToErase | null> {
  const known = await sql.as(context, (tx) => findInference(tx, inferenceId));
  const text = known?.body?.metadata ?? (await archive?.find(context, inferenceId))?.row?.metadata;
  if (text === null || text === undefined) return null;
  const { batch, row } = JSON.parse(text) as { readonly batch?: unknown; readonly row?: unknown };
  // Anybody may write anything there: the batch is taken at its word only where its line names the inference.
  if (typeof batch !== "string" || !/^[0-9a-f-]{36}$/.test(batch) || typeof row !== "string" || !/^[1-9]\d{0,8}$/.test(row)) return null;
  return { batchId: batch, row: Number(row), inferenceId };
}
