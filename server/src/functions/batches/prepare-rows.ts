import type { Context } from "../../core/index.ts";
import type { DatasetDetail } from "../../data/index.ts";
import { type RowMapping, columnsOf } from "./map-row.ts";
import type { BatchesDeps } from "./types.ts";

/** Rows of a Parquet file that are in memory at once. */
const rowsAtOnce = 5_000;

/**
 * The rows of a dataset version as a blob of JSON lines, and its hash: read once, in order, so that row 17 is the same row
 * whenever the batch goes on. Only the columns that are asked for are read.
 */
export async function prepareRows(
  source: { readonly context: Context; readonly reference: string; readonly mapping: RowMapping },
  deps: Pick<BatchesDeps, "data" | "lake" | "blobs">,
): Promise<string> {
  const { context, reference, mapping } = source;
  const { dataset, path } = await deps.data.snapshot(context, reference);
  const columns = columnsHere(dataset, mapping);
  async function* lines(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < dataset.kept; offset += rowsAtOnce) {
      const page = { columns, limit: rowsAtOnce, offset };
      const rows = await deps.lake.readParquet(path, page, context.signal === undefined ? {} : { signal: context.signal });
      yield Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
  }
  return (await deps.blobs.put(context, lines())).hash;
}

/** Those of the mapping's columns that the dataset has. */
export function columnsHere(dataset: DatasetDetail, mapping: RowMapping): string[] {
  const known = new Set(dataset.contract.columns.map(({ name }) => name));
  return columnsOf(mapping).filter((column) => known.has(column));
}
