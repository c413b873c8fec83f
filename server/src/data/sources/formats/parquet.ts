import { isAppError } from "../../../core/index.ts";
import { createLakeInTask } from "../../../storage/index.ts";
import { Refusal } from "./refusal.ts";
import type { FormatInput, FormatResult } from "./types.ts";

const rowsAtOnce = 20_000;

/** Parquet, by DuckDB in this very process. */
export async function readParquet({ part, out, scratch }: FormatInput): Promise<FormatResult> {
  const lake = createLakeInTask({ scratchFolder: scratch });
  for (let offset = 0; ; offset += rowsAtOnce) {
    const rows = await lake.readParquet(part.path, { limit: rowsAtOnce, offset }).catch((error: unknown) => {
      if (!isAppError(error, "lake_query_failed")) throw error;
      throw new Refusal(`it cannot be read as Parquet: ${error.message.replaceAll(part.path, part.name).slice(0, 300)}`);
    });
    for (const [index, row] of rows.entries()) out.write(JSON.stringify(row), offset + index + 1);
    if (rows.length < rowsAtOnce) return { notes: [] };
  }
}
