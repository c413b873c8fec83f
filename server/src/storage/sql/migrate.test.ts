import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { defaultProjectId, sha256, silentLogger } from "../../core/index.ts";
import { type Migration, assertCurrent, migrate, migrationsFolder, readMigrations } from "./migrate.ts";

let store: TestStore;
let migrations: Migration[];
beforeAll(async () => {
  store = await createTestStore({ migrate: false });
  migrations = await readMigrations();
});
afterAll(() => store.close());

function made(name: string, sql: string): Migration {
  return { name, sql, checksum: sha256(sql) };
}

async function exists(table: string): Promise<boolean> {
  const { rows } = await store.sql.owner.query<{ there: boolean }>("select to_regclass($1) is not null as there", [table]);
  return rows[0]!.there;
}

describe("migrations", () => {
  test("an empty database is outdated, then migrated in order, then current", async () => {
    await expect(assertCurrent(store.sql, migrations)).rejects.toMatchObject({ code: "schema_outdated" });
    expect(await migrate(store.sql, migrations, silentLogger)).toEqual(migrations.map((each) => each.name));
    await assertCurrent(store.sql, migrations);
    expect(await migrate(store.sql, migrations, silentLogger)).toEqual([]);
  });

  test("the default project is there", async () => {
    const { rows } = await store.sql.system("maintenance", (tx) => tx.client.query("select id, name from core_projects"));
    expect(rows).toEqual([{ id: defaultProjectId, name: "default" }]);
  });

  test("a changed one, a missing one and an unknown one are refused by name", async () => {
    const changed = [{ ...migrations[0]!, checksum: "0" }, ...migrations.slice(1)];
    await expect(migrate(store.sql, changed, silentLogger)).rejects.toMatchObject({
      code: "migration_changed",
      details: { migration: migrations[0]!.name },
    });
    await expect(assertCurrent(store.sql, changed)).rejects.toMatchObject({ code: "migration_changed" });
    await expect(migrate(store.sql, migrations.slice(1), silentLogger)).rejects.toMatchObject({ code: "schema_newer" });
    const more = [...migrations, made("29990101000000_core_later.sql", "select 1")];
    await expect(assertCurrent(store.sql, more)).rejects.toMatchObject({
      code: "schema_outdated",
      details: { missing: ["29990101000000_core_later.sql"] },
    });
  });

  test("one that fails leaves nothing behind, is named, and can be tried again", async () => {
    const name = "29990101000001_core_half.sql";
    await expect(migrate(store.sql, [...migrations, made(name, "create table half (a int); select 1/0;")], silentLogger)).rejects.toThrow(
      name,
    );
    expect(await exists("half")).toBe(false);
    const repaired = [...migrations, made(name, "create table half (a int)")];
    expect(await migrate(store.sql, repaired, silentLogger)).toEqual([name]);
    await store.sql.owner.query("drop table half");
    await store.sql.owner.query("delete from core_migrations where name = $1", [name]);
  });

  test("started by several at once, each is applied once", async () => {
    const name = "29990101000002_core_once.sql";
    const more = [...migrations, made(name, "create table applied_once (a int)")];
    const applied = await Promise.all([1, 2, 3].map(() => migrate(store.sql, more, silentLogger)));
    expect(applied.flat()).toEqual([name]);
    await store.sql.owner.query("drop table applied_once");
    await store.sql.owner.query("delete from core_migrations where name = $1", [name]);
  });

  test("a view that would read past row-level security is refused", async () => {
    await store.sql.owner.query("create view all_projects as select * from core_projects");
    await expect(migrate(store.sql, migrations, silentLogger)).rejects.toThrow(/all_projects/);
    await store.sql.owner.query("drop view all_projects");
  });

  test("every table with a project_id is protected", async () => {
    const { rows } = await store.sql.owner.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'project_id'
       where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace and not (c.relrowsecurity and c.relforcerowsecurity)`,
    );
    expect(rows).toEqual([]);
  });

  test("are written without schema names, so that a schema of their own works", () => {
    expect(migrations.length).toBeGreaterThan(0);
    for (const { name, sql } of migrations) expect(sql, name).not.toMatch(/\bpublic\.|\bdbos\./);
  });

  test("a file with another kind of name is refused", async () => {
    const folder = join(store.dataFolder, "migrations");
    await mkdir(folder);
    await writeFile(join(folder, "add-table.sql"), "select 1");
    await expect(readMigrations(folder)).rejects.toThrow(/add-table\.sql/);
    expect(migrationsFolder.endsWith(join("server", "migrations"))).toBe(true);
  });
});
