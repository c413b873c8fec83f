import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../../core/index.ts";
import { readPartitions, readSchemas, readSequences, readTables, type Schemas } from "./catalog.ts";
import { copyFolder } from "./copy-folder.ts";
import { dumpTable } from "./dump-tables.ts";
import { type BackupFile, listFiles, type Manifest, writeManifest } from "./manifest.ts";
import type { BackupDeps, BackupResult } from "./types.ts";
import type { SqlClient } from "../types.ts";

/**
 * Writes a backup of one moment into the folder `to`, which must not exist. Everything the journal had accepted when it was called
 * is in it. On the embedded store other statements wait while tables are read; the journal carries on.
 */
export async function writeBackup(deps: BackupDeps, to: string): Promise<BackupResult> {
  const started = performance.now();
  const target = resolve(to);
  const partial = `${target}.partial`;
  if ((await listFiles(target)).length > 0) throw occupied(target);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const manifest = await collect(deps, partial);
    await writeManifest(partial, manifest);
    await rename(partial, target).catch((cause: unknown) => {
      throw occupied(target, cause);
    });
    const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const result = { path: target, files: manifest.files.length, bytes, rows, seconds: (performance.now() - started) / 1000 };
    deps.logger.info(result, "backup written");
    return result;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

function occupied(path: string, cause?: unknown): AppError {
  return new AppError("conflict", `There is something at ${path} already.`, { details: { path }, cause });
}

async function collect(deps: BackupDeps, folder: string): Promise<Manifest> {
  await deps.journal?.rotate();
  await deps.drain?.idle();
  // Between here and the snapshot nothing is drained, so the counts of the journal are those of the snapshot.
  await deps.drain?.pause();
  const client = await deps.sql.owner.pool.connect();
  let resumed = false;
  function resume(): void {
    if (!resumed) deps.drain?.resume();
    resumed = true;
  }
  try {
    await client.query("begin isolation level repeatable read read only");
    const schemas = await readSchemas(client, deps.workflowSchema);
    const migrations = await readMigrationsApplied(client);
    const { stored, rejected } = deps.journal?.stats() ?? { stored: 0, rejected: 0 };
    resume();
    const { tables, files } = await dumpTables(client, { schemas, folder });
    const partitions = await readPartitions(client, schemas);
    const sequences = await readSequences(client, schemas);
    await client.query("commit");
    // After the snapshot: a row is written only once the file it names is there.
    for (const [name, from] of Object.entries(deps.folders))
      files.push(...(await copyFolder(from, join(folder, "files", name), `files/${name}/`)));
    return {
      v: 1,
      createdAt: new Date(deps.clock.now()).toISOString(),
      store: deps.sql.store,
      migrations,
      tables,
      partitions,
      sequences,
      journal: { stored, rejected },
      folders: Object.keys(deps.folders),
      files,
    };
  } finally {
    resume();
    client.release();
  }
}

async function dumpTables(
  client: SqlClient,
  place: { schemas: Schemas; folder: string },
): Promise<{ tables: Manifest["tables"]; files: BackupFile[] }> {
  const tables: Manifest["tables"] = [];
  const files: BackupFile[] = [];
  for (const table of await readTables(client, place.schemas)) {
    if (table.schema === "main" && table.name === "core_migrations") continue; // The manifest has them.
    const dumped = await dumpTable(client, table, place);
    tables.push(dumped.table);
    files.push(dumped.file);
  }
  await client.query("set local role none");
  return { tables, files };
}

async function readMigrationsApplied(client: SqlClient): Promise<Manifest["migrations"]> {
  const { rows } = await client.query<{ name: string; checksum: string }>("select name, checksum from core_migrations order by name");
  return rows;
}
