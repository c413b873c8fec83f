import { join } from "node:path";
import { AppError } from "../../core/index.ts";
import type { SqlClient } from "../types.ts";
import { qualifiedName, quoteName, readTables, roleScript, type Schemas } from "./catalog.ts";
import { fromLine } from "./dump-tables.ts";
import type { BackupTable, Manifest } from "./manifest.ts";
import { readLines } from "./read-lines.ts";

const batchBytes = 1024 * 1024;
const batchRows = 1000;

/** Fills the tables in one transaction: after a crash there is nothing, or everything. */
export async function loadTables(client: SqlClient, manifest: Manifest, place: { schemas: Schemas; folder: string }): Promise<number> {
  const { schemas, folder } = place;
  await client.query("begin");
  try {
    const known = new Set((await readTables(client, schemas)).map((table) => `${table.schema}.${table.name}`));
    for (const { name, parent, bound, protected: isProtected } of manifest.partitions) {
      await client.query(`create table if not exists ${quoteName(name)} partition of ${quoteName(parent)} ${bound}`);
      if (isProtected) await client.query("select storage_protect($1)", [name]);
    }
    for (const table of manifest.tables.toReversed()) {
      if (!known.has(`${table.schema}.${table.name}`)) throw missingTable(table);
      await clearTable(client, table, schemas);
    }
    let rows = 0;
    for (const table of manifest.tables) rows += await loadTable(client, table, { schemas, path: join(folder, table.file) });
    await client.query("set local role none");
    for (const sequence of manifest.sequences)
      await client.query("select setval($1::regclass, $2::bigint)", [qualifiedName(schemas, sequence), sequence.value]);
    await client.query("commit");
    return rows;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

/** Rows that migrations put there; the backup has them as they were. */
async function clearTable(client: SqlClient, table: BackupTable, schemas: Schemas): Promise<void> {
  const name = qualifiedName(schemas, table);
  await client.query(roleScript(table));
  const { rows } = await client.query<{ found: boolean }>(`select exists (select from ${name}) as found`);
  if (rows[0]!.found) await client.query(`delete from ${name}`);
}

async function loadTable(client: SqlClient, table: BackupTable, place: { schemas: Schemas; path: string }): Promise<number> {
  if (table.rows === 0) return 0;
  const name = qualifiedName(place.schemas, table);
  const columns = table.columns.map(quoteName).join(", ");
  const insert = `insert into ${name} (${columns}) overriding system value select ${columns} from json_populate_recordset(null::${name}, $1::json)`;
  await client.query(roleScript(table));
  let batch: string[] = [];
  let bytes = 0;
  let rows = 0;
  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    await client.query(insert, [`[${batch.join(",")}]`]);
    rows += batch.length;
    batch = [];
    bytes = 0;
  }
  for await (const line of readLines(place.path)) {
    batch.push(fromLine(line));
    bytes += line.length;
    if (bytes >= batchBytes || batch.length >= batchRows) await flush();
  }
  await flush();
  if (rows === table.rows) return rows;
  throw new AppError("backup_invalid", `${table.file} holds ${rows} rows, its manifest says ${table.rows}.`, {
    details: { file: table.file },
  });
}

function missingTable(table: BackupTable): AppError {
  return new AppError(
    "conflict",
    `The database has no table ${table.name} to restore into${table.schema === "workflows" ? " (prepareWorkflows makes DBOS's)" : ""}.`,
    {
      details: { table: table.name, schema: table.schema },
    },
  );
}
