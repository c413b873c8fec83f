import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { AppError, type Logger, sha256 } from "../../core/index.ts";
import type { Sql, SqlClient } from "../types.ts";
import { prepareDatabase } from "./prepare-database.ts";

export interface Migration {
  /** `<UTC timestamp>_<module>_<what>.sql`. */
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The folder beside `src` and `dist`, in the checkout and in the published package alike. */
export const migrationsFolder = fileURLToPath(new URL("../../../migrations", import.meta.url));

const namePattern = /^\d{14}_[a-z]+_[a-z0-9_]+\.sql$/;

export async function readMigrations(folder: string = migrationsFolder): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      if (!namePattern.test(name))
        throw new AppError("migration_changed", `The migration ${name} is not named <UTC timestamp>_<module>_<what>.sql.`);
      const sql = await readFile(`${folder}/${name}`, "utf8");
      return { name, sql, checksum: sha256(sql) };
    }),
  );
}

// Several nodes may start at once: the first migrates, the others wait.
const lockKey = 7_210_010;

/** Applies what is missing, each migration in a transaction of its own. Answers the names applied. */
export async function migrate(sql: Sql, migrations: readonly Migration[], logger: Logger): Promise<string[]> {
  const client = await sql.owner.pool.connect();
  const applied: string[] = [];
  try {
    if (sql.store === "postgres") await client.query("select pg_advisory_lock($1)", [lockKey]);
    await prepareDatabase(sql.store, client);
    const known = await readApplied(client);
    checkKnown(known, migrations);
    for (const migration of migrations) {
      if (known.has(migration.name)) continue;
      if (!(await apply(client, migration))) continue;
      applied.push(migration.name);
      logger.debug({ migration: migration.name }, "migrated");
    }
    await checkViews(client);
  } finally {
    if (sql.store === "postgres") await client.query("select pg_advisory_unlock($1)", [lockKey]);
    client.release();
  }
  return applied;
}

async function readApplied(client: SqlClient): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string }>("select name, checksum from core_migrations");
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

function checkKnown(known: ReadonlyMap<string, string>, migrations: readonly Migration[]): void {
  const byName = new Map(migrations.map((migration) => [migration.name, migration.checksum]));
  for (const [name, checksum] of known) {
    const ours = byName.get(name);
    if (ours === undefined)
      throw new AppError("schema_newer", `The database holds the migration ${name}, which this version does not know.`, {
        details: { migration: name },
      });
    if (ours !== checksum)
      throw new AppError("migration_changed", `The migration ${name} is not what was applied to this database.`, {
        details: { migration: name },
      });
  }
}

/** False when somebody else applied it meanwhile. */
async function apply(client: SqlClient, migration: Migration): Promise<boolean> {
  await client.query("begin");
  try {
    const { rowCount } = await client.query("insert into core_migrations (name, checksum) values ($1, $2) on conflict do nothing", [
      migration.name,
      migration.checksum,
    ]);
    if (rowCount > 0) await client.query(migration.sql);
    await client.query("commit");
    return rowCount > 0;
  } catch (cause) {
    await client.query("rollback").catch(() => {
      // The connection is gone, and the transaction with it.
    });
    throw new AppError("internal", `The migration ${migration.name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** A view without `security_invoker` reads as its owner, past row-level security: refuse it. */
async function checkViews(client: SqlClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relkind = 'v' and relnamespace = current_schema()::regnamespace and not coalesce(reloptions @> array['security_invoker=true'], false)",
  );
  if (rows.length > 0)
    throw new AppError(
      "internal",
      `Views without security_invoker = true would bypass row-level security: ${rows.map((row) => row.name).join(", ")}.`,
    );
}

/** Throws `schema_newer`, `schema_outdated` or `migration_changed` unless the database is exactly at this version. */
export async function assertCurrent(sql: Sql, migrations: readonly Migration[]): Promise<void> {
  const { rows } = await sql.owner.query<{ exists: boolean }>("select to_regclass('core_migrations') is not null as exists");
  const known = rows[0]?.exists === true ? await readApplied(sql.owner) : new Map<string, string>();
  checkKnown(known, migrations);
  const missing = migrations.filter((migration) => !known.has(migration.name));
  if (missing.length > 0)
    throw new AppError("schema_outdated", `The database lacks ${missing.length} migrations, the first is ${missing[0]!.name}.`, {
      details: { missing: missing.map((each) => each.name) },
    });
}
