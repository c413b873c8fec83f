import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../../core/index.ts";
import { migrate, readMigrations } from "../sql/index.ts";
import type { Sql } from "../types.ts";
import { readSchemas } from "./catalog.ts";
import { copyFolder } from "./copy-folder.ts";
import { loadTables } from "./load-tables.ts";
import { listFiles, type Manifest, verifyBackup } from "./manifest.ts";
import type { RestoreDeps, RestoreResult } from "./types.ts";

/**
 * Restores a backup into an empty database and empty folders. Verifies every file first (`backup_invalid`), refuses what is not
 * empty (`conflict`), and brings the schema to this version at the end.
 */
export async function restoreBackup(deps: RestoreDeps, from: string): Promise<RestoreResult> {
  const started = performance.now();
  const folder = resolve(from);
  const manifest = await verifyBackup(folder);
  await checkEmpty(deps, manifest);
  for (const name of manifest.folders) await copyFolder(join(folder, "files", name), deps.folders[name]!);
  if (deps.journalFolder !== undefined) await restoreCounts(deps.journalFolder, manifest);
  const rows = await restoreRows(deps, manifest, folder);
  const result = { files: manifest.files.length, rows, seconds: (performance.now() - started) / 1000 };
  deps.logger.info(result, "backup restored");
  return result;
}

async function checkEmpty(deps: RestoreDeps, manifest: Manifest): Promise<void> {
  for (const name of manifest.folders) {
    const target = deps.folders[name];
    if (target === undefined)
      throw new AppError("conflict", `The backup has a folder ${name}; say where it goes.`, { details: { folder: name } });
    await checkNoFiles(target);
  }
  if (deps.journalFolder !== undefined) await checkNoFiles(deps.journalFolder);
  const { rows } = await deps.sql.owner.query<{ found: boolean }>("select to_regclass('core_migrations') is not null as found");
  if (rows[0]!.found) throw new AppError("conflict", "The database to restore into is in use already; restore into an empty one.");
}

async function checkNoFiles(folder: string): Promise<void> {
  const files = await listFiles(folder);
  if (files.length > 0)
    throw new AppError("conflict", `${folder} holds files already; restore into an empty folder.`, {
      details: { folder, first: files[0] },
    });
}

/** The schema as it was, then the rows, then what this version has added since. */
async function restoreRows(deps: RestoreDeps, manifest: Manifest, folder: string): Promise<number> {
  const { sql, logger } = deps;
  const known = await readMigrations();
  await migrate(sql, migrationsOf(manifest, known), logger);
  if (manifest.tables.some(({ schema }) => schema === "workflows")) await deps.prepareWorkflows?.();
  const rows = await load(sql, manifest, { folder, workflowSchema: deps.workflowSchema });
  await migrate(sql, known, logger);
  return rows;
}

async function load(sql: Sql, manifest: Manifest, place: { folder: string; workflowSchema: string | undefined }): Promise<number> {
  const client = await sql.owner.pool.connect();
  try {
    const schemas = await readSchemas(client, place.workflowSchema);
    return await loadTables(client, manifest, { schemas, folder: place.folder });
  } finally {
    client.release();
  }
}

function migrationsOf<M extends { name: string; checksum: string }>(manifest: Manifest, known: readonly M[]): M[] {
  const byName = new Map(known.map((migration) => [migration.name, migration]));
  return manifest.migrations.map(({ name, checksum }) => {
    const migration = byName.get(name);
    if (migration === undefined)
      throw new AppError("schema_newer", `The backup was made with the migration ${name}, which this version does not know.`, {
        details: { migration: name },
      });
    if (migration.checksum !== checksum)
      throw new AppError("migration_changed", `The migration ${name} is not what the backup was made with.`, {
        details: { migration: name },
      });
    return migration;
  });
}

/** The restored store holds the records the old journal had accepted; the new journal's sums begin there. */
async function restoreCounts(journalFolder: string, manifest: Manifest): Promise<void> {
  await mkdir(journalFolder, { recursive: true, mode: 0o700 });
  const checkpoint = { v: 1, segment: 1, offset: 0, ...manifest.journal, open: [] };
  await writeFile(join(journalFolder, "checkpoint.json"), JSON.stringify(checkpoint), { flush: true, mode: 0o600 });
}
