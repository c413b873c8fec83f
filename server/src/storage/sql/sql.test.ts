import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { type Context, createId, defaultProjectId, silentLogger } from "../../core/index.ts";
import { assertCurrent, migrate, readMigrations } from "./migrate.ts";

const alice: Context = { projectId: defaultProjectId, principalId: "alice" };
const otherProject = "00000000-0000-7000-8000-0000000000ff";
const bob: Context = { projectId: otherProject, principalId: "bob" };

interface NoteTable {
  project_id: string;
  id: string;
  body: string;
}

let store: TestStore;
beforeEach(async () => {
  store = await createTestStore();
  await store.sql.owner.query(
    `create table notes (project_id uuid not null, id uuid not null, body text not null, primary key (project_id, id))`,
  );
  await store.sql.owner.query("select storage_protect('notes')");
  await store.sql.owner.query("select storage_watch('notes')");
});
afterEach(() => store.close());

function write(context: Context, body: string): Promise<void> {
  return store.sql.as(context, async (tx) => {
    await tx.db
      .withTables<{ notes: NoteTable }>()
      .insertInto("notes")
      .values({ project_id: context.projectId, id: createId(), body })
      .execute();
  });
}

async function read(context: Context): Promise<string[]> {
  return store.sql.as(context, async (tx) => {
    const rows = await tx.db.withTables<{ notes: NoteTable }>().selectFrom("notes").select("body").orderBy("body").execute();
    return rows.map((row) => row.body);
  });
}

describe("handles", () => {
  test("as() shows a project its own rows only, system() shows all, a forgotten handle shows none", async () => {
    await write(alice, "of alice");
    await write(bob, "of bob");
    expect(await read(alice)).toEqual(["of alice"]);
    expect(await read(bob)).toEqual(["of bob"]);
    const all = await store.sql.system(
      "reconciliation",
      async (tx) => (await tx.client.query<{ body: string }>("select body from notes order by body")).rows,
    );
    expect(all.map((row) => row.body)).toEqual(["of alice", "of bob"]);
  });

  test("as() may not write into another project", async () => {
    await expect(
      store.sql.as(alice, (tx) => tx.client.query("insert into notes values ($1, $2, 'x')", [otherProject, createId()])),
    ).rejects.toThrow(/row-level security/);
  });

  test("the hostile statement of a caller reads nothing of another project", async () => {
    await write(bob, "of bob");
    const hostile = `with x as materialized (select set_config('millrace.project', '${otherProject}', true) v) select notes.* from x, notes`;
    const rows = await store.sql.as(alice, async (tx) => (await tx.client.query(hostile)).rows).catch(() => []);
    if (store.kind === "embedded") expect(rows).toEqual([]);
    else {
      // Only a superuser may revoke set_config there: SQL we did not write never runs on this connection (see docs).
      const { rows: allowed } = await store.sql.owner.query<{ may: boolean }>(
        "select has_function_privilege('millrace_app', 'set_config(text,text,boolean)', 'execute') as may",
      );
      expect(rows.length === 0 || allowed[0]!.may).toBe(true);
    }
  });

  test("nothing a transaction set outlives it", async () => {
    await write(alice, "of alice");
    await store.sql.as(bob, async () => {});
    const { rows } = await store.sql.owner.query<{ project: string | null }>(
      "select nullif(current_setting('millrace.project', true), '') as project",
    );
    expect(rows[0]!.project).toBeNull();
  });

  test("a failing callback rolls back, and the session goes on", async () => {
    await expect(
      store.sql.as(alice, async (tx) => {
        await tx.client.query("insert into notes values ($1, $2, 'lost')", [alice.projectId, createId()]);
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    await expect(store.sql.as(alice, (tx) => tx.client.query("select 1/0"))).rejects.toMatchObject({ code: "22012" });
    expect(await read(alice)).toEqual([]);
  });

  test("a transaction inside a transaction is named at once instead of waiting for itself", async () => {
    const inner = [
      () => store.sql.as(alice, async () => {}),
      () => store.sql.system("drain", async () => {}),
      () => store.sql.owner.query("select 1"),
      async () => store.sql.owner.pool.query("select 1"),
    ];
    for (const each of inner) {
      await expect(store.sql.as(alice, async () => each())).rejects.toMatchObject({ code: "nested_transaction" });
    }
    expect(await read(alice)).toEqual([]);
  });

  test("a callback that holds its transaction too long is rolled back and says so", async () => {
    await expect(
      store.sql.as(alice, async (tx) => {
        await tx.client.query("insert into notes values ($1, $2, 'slow')", [alice.projectId, createId()]);
        await new Promise((resolve) => setTimeout(resolve, 2300));
      }),
    ).rejects.toMatchObject({ code: "transaction_too_long" });
    expect(await read(alice)).toEqual([]);
  });

  test("sixteen at once: no result crosses", async () => {
    await Promise.all(
      Array.from({ length: 16 }, async (_, worker) => {
        for (let round = 0; round < 12; round++) {
          const mine = `${worker}:${round}`;
          const seen = await store.sql.as({ ...alice, principalId: mine }, async (tx) => {
            const first = await tx.client.query<{ v: string; p: string }>("select $1::text as v, storage_principal() as p", [mine]);
            const second = await tx.client.query<{ v: string }>("select $1::text as v", [`${mine}!`]);
            return [first.rows[0]!.v, first.rows[0]!.p, second.rows[0]!.v];
          });
          expect(seen).toEqual([mine, mine, `${mine}!`]);
        }
      }),
    );
  });

  test("values come back the same on both stores", async () => {
    const { rows } = await store.sql.as(alice, (tx) =>
      tx.client.query(
        `select 9007199254740993::int8 as big, 12.50::numeric as exact, 7::int4 as small, 1.5::float8 as real, true as yes, null as nothing,
         timestamptz '2002-08-22 13:36:16.5+02' as at, date '2002-08-22' as day, '{"a":[1,null]}'::jsonb as json, array['x','y']::text[] as list, 'é'::text as text`,
      ),
    );
    expect(rows[0]).toEqual({
      big: "9007199254740993",
      exact: "12.50",
      small: 7,
      real: 1.5,
      yes: true,
      nothing: null,
      at: "2002-08-22T11:36:16.500Z",
      day: "2002-08-22",
      json: { a: [1, null] },
      list: ["x", "y"],
      text: "é",
    });
  });
});

describe("listening", () => {
  test("hears a notification sent on commit, and nothing after it stopped", async () => {
    const heard: string[] = [];
    const stop = await store.sql.listen("millrace_test", (payload) => heard.push(payload));
    await store.sql.owner.query("select pg_notify('millrace_test', 'one')");
    await expect.poll(() => heard).toEqual(["one"]);
    await stop();
    await store.sql.owner.query("select pg_notify('millrace_test', 'two')");
    await store.sql.health();
    expect(heard).toEqual(["one"]);
  });
});

describe("hot state", () => {
  test("loads at start and again when a watched table changes", async () => {
    let bodies: string[] = [];
    store.hotState.register("notes", async (tx) => {
      bodies = (await tx.client.query<{ body: string }>("select body from notes order by body")).rows.map((row) => row.body);
    });
    await store.hotState.start();
    expect(bodies).toEqual([]);
    await write(alice, "new");
    await expect.poll(() => bodies).toEqual(["new"]);
    expect(store.hotState.ageMs()).toBeLessThan(5000);
  });

  test("keeps what it knew when a load fails, and recovers", async () => {
    let fail = false;
    let loads = 0;
    store.hotState.register("notes", async () => {
      if (fail) throw new Error("cannot load");
      loads += 1;
    });
    await store.hotState.start();
    fail = true;
    await write(alice, "new");
    await expect(store.hotState.refresh()).rejects.toThrow("cannot load");
    fail = false;
    await expect.poll(() => loads).toBe(2);
  });
});

describe("migrations", () => {
  test("are applied once and then current", async () => {
    const migrations = await readMigrations();
    expect(migrations.length).toBeGreaterThan(0);
    expect(await migrate(store.sql, migrations, silentLogger)).toEqual([]);
    await assertCurrent(store.sql, migrations);
  });

  test("a changed one, a missing one and an unknown one are refused by name", async () => {
    const migrations = await readMigrations();
    const changed = [{ ...migrations[0]!, checksum: "0" }, ...migrations.slice(1)];
    await expect(migrate(store.sql, changed, silentLogger)).rejects.toMatchObject({ code: "migration_changed" });
    await expect(migrate(store.sql, migrations.slice(1), silentLogger)).rejects.toMatchObject({ code: "schema_newer" });
    const more = [...migrations, { name: "29990101000000_core_later.sql", sql: "select 1", checksum: "1" }];
    await expect(assertCurrent(store.sql, more)).rejects.toMatchObject({
      code: "schema_outdated",
      details: { missing: ["29990101000000_core_later.sql"] },
    });
  });

  test("one that fails leaves nothing behind and is named", async () => {
    const broken = { name: "29990101000000_core_broken.sql", sql: "create table half (a int); select 1/0;", checksum: "1" };
    await expect(migrate(store.sql, [...(await readMigrations()), broken], silentLogger)).rejects.toThrow(/29990101000000_core_broken/);
    const { rows } = await store.sql.owner.query<{ there: boolean }>("select to_regclass('half') is not null as there");
    expect(rows[0]!.there).toBe(false);
  });

  test("a view that would read past row-level security is refused", async () => {
    await store.sql.owner.query("create view all_notes as select * from notes");
    await expect(migrate(store.sql, await readMigrations(), silentLogger)).rejects.toThrow(/all_notes/);
  });
});
