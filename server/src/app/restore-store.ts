import { join, resolve } from "node:path";
import { createLogger, readEnvironment } from "../core/index.ts";
import { prepareWorkflows } from "../jobs/index.ts";
import { createEmbeddedSql, createPostgresSql, lockFolder, restoreBackup } from "../storage/index.ts";

/** `millrace restore`: a backup into an empty data folder, or an empty PostgreSQL by MILLRACE_DATABASE_URL. */
export async function restoreStore(options: {
  readonly dataFolder: string;
  readonly from: string;
}): Promise<{ files: number; rows: number; seconds: number }> {
  const logger = createLogger("warn");
  const dataFolder = resolve(options.dataFolder);
  const url = readEnvironment("MILLRACE_DATABASE_URL") || undefined;
  const lock = url === undefined ? await lockFolder(dataFolder) : undefined;
  try {
    const sql =
      url === undefined
        ? await createEmbeddedSql({ folder: join(dataFolder, "database"), logger })
        : await createPostgresSql({ url, schema: readEnvironment("MILLRACE_DATABASE_SCHEMA") || undefined, logger });
    try {
      return await restoreBackup(
        {
          sql,
          prepareWorkflows: async () => {
            await prepareWorkflows(sql, logger);
          },
          folders: { blobs: join(dataFolder, "blobs"), lake: join(dataFolder, "lake") },
          journalFolder: join(dataFolder, "journal", readEnvironment("MILLRACE_NODE") || "up"),
          logger,
        },
        options.from,
      );
    } finally {
      await sql.close();
    }
  } finally {
    await lock?.release();
  }
}
