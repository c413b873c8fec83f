import { AppError } from "../../core/index.ts";
import type { SqlClient } from "../types.ts";

/** The oldest PostgreSQL with views that run as their reader (`security_invoker`). */
const oldestVersion = 150000;

/** Throws unless the server is new enough and row-level security binds the login. */
export async function checkLogin(client: SqlClient): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string; unsafe: string | null }>(
    `select current_setting('server_version_num')::int as version, current_user as name,
       (select rolname from pg_roles where (rolsuper or rolbypassrls) and pg_has_role(current_user, oid, 'MEMBER') order by rolname <> current_user limit 1) as unsafe`,
  );
  const { version, name, unsafe } = rows[0]!;
  if (version < oldestVersion)
    throw new AppError("database_unavailable", `PostgreSQL 15 or newer is needed; this is ${Math.floor(version / 10000)}.`);
  if (unsafe === null) return;
  const why = unsafe === name ? "is a superuser or has BYPASSRLS" : `may become "${unsafe}", which is a superuser or has BYPASSRLS`;
  throw new AppError(
    "unsafe_database_role",
    `The database login "${name}" ${why}, so row-level security would not bind it. Create one of its own: create role millrace login createrole; create database millrace owner millrace.`,
    { details: { login: name, role: unsafe } },
  );
}
