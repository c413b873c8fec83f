import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SqlClient } from "../types.ts";
import { type CatalogTable, qualifiedName, roleScript, type Schemas } from "./catalog.ts";
import type { BackupFile, BackupTable } from "./manifest.ts";

/** Text fetched at once: small enough that neither the database's thread nor ours is held long. */
const sliceBytes = 2 * 1024 * 1024;
const mostRows = 2000;

/** Writes the rows of one table, a JSON object a line, as they are in the open snapshot. */
export async function dumpTable(
  client: SqlClient,
  table: CatalogTable,
  place: { schemas: Schemas; folder: string },
): Promise<{ table: BackupTable; file: BackupFile }> {
  const path = `sql/${table.schema}/${table.name}.jsonl`;
  await mkdir(dirname(join(place.folder, path)), { recursive: true, mode: 0o700 });
  const digest = createHash("sha256");
  const handle = await open(join(place.folder, path), "wx", 0o600);
  let rows = 0;
  let size = 0;
  try {
    await client.query(roleScript(table));
    await client.query(
      `declare backup_rows no scroll cursor for select to_json(t)::text as line from ${qualifiedName(place.schemas, table)} t`,
    );
    for (let count = 100; ;) {
      const slice = await client.query<{ line: string }>(`fetch forward ${count} from backup_rows`);
      if (slice.rows.length === 0) break;
      const bytes = Buffer.from(slice.rows.map(({ line }) => `${asLine(line)}\n`).join(""));
      await handle.writeFile(bytes);
      digest.update(bytes);
      size += bytes.length;
      rows += slice.rows.length;
      count = Math.max(1, Math.min(mostRows, Math.floor((sliceBytes * rows) / size)));
    }
    await client.query("close backup_rows");
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return { table: { ...table, file: path, rows }, file: { path, size, hash: digest.digest("hex") } };
}

/** A JSON column keeps the line breaks it was given; such a row is written as a JSON text that holds the JSON text. */
function asLine(json: string): string {
  return json.includes("\n") || json.includes("\r") ? JSON.stringify(json) : json;
}

export function fromLine(line: string): string {
  return line.startsWith('"') ? (JSON.parse(line) as string) : line;
}
