import { type Context, createId } from "../src/core/index.ts";
import type { Sql } from "../src/storage/index.ts";

interface NoteTable {
  project_id: string;
  id: string;
  body: string;
}

/** A small protected and watched table, for tests of the storage itself. */
export async function createNotes(sql: Sql): Promise<void> {
  await sql.owner.query(
    "create table notes (project_id uuid not null, id uuid not null, body text not null, primary key (project_id, id))",
  );
  await sql.owner.query("select storage_protect('notes')");
  await sql.owner.query("select storage_watch('notes')");
}

/** A principal in a project of its own. */
export function newContext(principalId: string): Context {
  return { projectId: createId(), principalId };
}

export async function writeNote(sql: Sql, context: Context, body: string): Promise<void> {
  await sql.as(context, (tx) =>
    tx.db.withTables<{ notes: NoteTable }>().insertInto("notes").values({ project_id: context.projectId, id: createId(), body }).execute(),
  );
}

export async function readNotes(sql: Sql, context: Context): Promise<string[]> {
  const rows = await sql.as(context, (tx) =>
    tx.db.withTables<{ notes: NoteTable }>().selectFrom("notes").select("body").orderBy("body").execute(),
  );
  return rows.map((row) => row.body);
}
