import { resolve } from "node:path";
import { createLogger, readEnvironment } from "../core/index.ts";
import { createEmbeddedSql, createPostgresSql, lockFolder, migrate, readMigrations } from "../storage/index.ts";

/** `millrace storage migrate`: brings the store to this version; PostgreSQL by MILLRACE_DATABASE_URL, else the data folder's. */
export async function migrateStore(options: { readonly dataFolder: string }): Promise<{ applied: readonly string[]; store: string }> {
  const logger = createLogger("warn");
  const url = readEnvironment("MILLRACE_DATABASE_URL") || undefined;
  const lock = url === undefined ? await lockFolder(resolve(options.dataFolder)) : undefined;
  try {
    const sql =
      url === undefined
        ? await createEmbeddedSql({ folder: `${resolve(options.dataFolder)}/database`, logger })
        : await createPostgresSql({ url, schema: readEnvironment("MILLRACE_DATABASE_SCHEMA") || undefined, logger });
    try {
      return { applied: await migrate(sql, await readMigrations(), logger), store: sql.store };
    } finally {
      await sql.close();
    }
  } finally {
    await lock?.release();
  }
}
