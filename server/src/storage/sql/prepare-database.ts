import { AppError } from "../../core/index.ts";
import type { Sql, SqlClient } from "../types.ts";

const roles = ["millrace_app", "millrace_system"] as const;

/** What migrations need before the first: their own table, the two roles, pgvector where it can be had. */
export async function prepareDatabase(store: Sql["store"], client: SqlClient): Promise<void> {
  if (store === "postgres") for (const role of roles) await prepareRole(client, role);
  try {
    await client.query(
      "create table if not exists core_migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())",
    );
  } catch (cause) {
    throw new AppError(
      "unsafe_database_role",
      `This login may not create tables here: ${messageOf(cause)}. Give it a database of its own: create database millrace owner <login>.`,
      { cause },
    );
  }
  await client.query(`do $$ begin execute format('grant usage on schema %I to ${roles.join(", ")}', current_schema()); end $$`);
  await client.query(`grant select on core_migrations to ${roles.join(", ")}`);
  await allowVectors(client);
}

/** The embedded store has the roles from its first start. */
async function prepareRole(client: SqlClient, role: (typeof roles)[number]): Promise<void> {
  try {
    await client.query(`do $$ begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end $$`);
    if (await mayBecome(client, role)) return;
    await client.query(`grant ${role} to current_user`);
    if (!(await mayBecome(client, role))) throw new Error("the grant did not help");
  } catch (cause) {
    throw new AppError(
      "unsafe_database_role",
      `The role ${role} cannot be created or used by this login: ${messageOf(cause)}. Give the login CREATEROLE, or have an administrator run: create role ${role} nologin; grant ${role} to <login>.`,
      { details: { role }, cause },
    );
  }
}

/** Asks by trying: since PostgreSQL 16 a membership may come without the right to SET ROLE. */
async function mayBecome(client: SqlClient, role: string): Promise<boolean> {
  await client.query("begin");
  try {
    await client.query(`set local role ${role}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.query("rollback");
  }
}

/** pgvector where the server has it and the login may; without it vectors are searched exactly, in memory. */
async function allowVectors(client: SqlClient): Promise<void> {
  const { rows } = await client.query("select 1 from pg_available_extensions where name = 'vector'");
  if (rows.length === 0) return;
  await client.query("do $$ begin create extension if not exists vector; exception when insufficient_privilege then null; end $$");
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
