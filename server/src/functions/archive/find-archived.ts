import { join } from "node:path";
import type { Context } from "../../core/index.ts";
import { hourOf } from "./hours.ts";
import { type StoredInference, listFiles } from "./repository.ts";
import type { ArchiveDeps, Archived } from "./types.ts";

/** An inference in the lake's files; null when no file speaks of it. Starting the reader costs about 0.2 s a file of its hour. */
export async function findArchived(context: Context, id: string, deps: ArchiveDeps): Promise<Archived | null> {
  const files = await deps.sql.as(context, (tx) => listFiles(tx, { kind: "inferences", hour: hourOf(id) }));
  let unreadable: string | null = null;
  for (const file of files.filter(({ firstId, lastId }) => firstId <= id && id <= lastId)) {
    try {
      const where = [{ column: "id", operator: "=" as const, value: id }];
      const [row] = await deps.lake.readParquet(join(deps.lakeFolder, file.path), { where });
      if (row !== undefined) return { path: file.path, row: row as unknown as StoredInference };
    } catch (error) {
      deps.logger.warn({ err: error, path: file.path }, "a file of evidence cannot be read here");
      unreadable ??= file.path;
    }
  }
  return unreadable === null ? null : { path: unreadable, row: null };
}
