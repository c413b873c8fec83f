import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNotes, newContext, readNotes, writeNote } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { createId } from "../../core/index.ts";

let store: TestStore;
beforeAll(async () => {
  store = await createTestStore();
  await createNotes(store.sql);
});
afterAll(() => store.close());

async function countOf(text: string): Promise<string> {
  const { rows } = await store.sql.owner.query<{ n: string }>(`select count(*) as n from ${text}`);
  return rows[0]!.n;
}

describe("who sees what", () => {
  test("as() its own project's rows, system() all, the owner none", async () => {
    const [alice, bob] = [newContext("alice"), newContext("bob")];
    await writeNote(store.sql, alice, "of alice");
    await writeNote(store.sql, bob, "of bob");
    expect(await readNotes(store.sql, alice)).toEqual(["of alice"]);
    expect(await readNotes(store.sql, bob)).toEqual(["of bob"]);
    const all = await store.sql.system("reconciliation", async (tx) =>
      (await tx.client.query<{ body: string }>("select body from notes")).rows.map((row) => row.body),
    );
    expect(all).toEqual(expect.arrayContaining(["of alice", "of bob"]));
    expect(await countOf("notes")).toBe("0");
  });

  test("as() may not write into another project, nor move a row there", async () => {
    const [alice, bob] = [newContext("alice"), newContext("bob")];
    await writeNote(store.sql, alice, "mine");
    const insert = store.sql.as(alice, (tx) => tx.client.query("insert into notes values ($1, $2, 'x')", [bob.projectId, createId()]));
    await expect(insert).rejects.toThrow(/row-level security/);
    const move = store.sql.as(alice, (tx) => tx.client.query("update notes set project_id = $1", [bob.projectId]));
    await expect(move).rejects.toThrow(/row-level security/);
    expect(await readNotes(store.sql, bob)).toEqual([]);
  });

  test("a principal's name is data, whatever is in it", async () => {
    const names = ["o'neill", "back\\slash'", "'; set role millrace_system; --", "émile\n\t$1"];
    for (const name of names) {
      const seen = await store.sql.as(
        newContext(name),
        async (tx) => (await tx.client.query<{ p: string }>("select storage_principal() as p")).rows[0]!.p,
      );
      expect(seen).toBe(name);
    }
  });

  test("a context without a project is refused by its type, not taken for every project", async () => {
    const nobody = { projectId: "' or true --", principalId: "x" };
    await expect(store.sql.as(nobody, (tx) => tx.client.query("select * from notes"))).rejects.toMatchObject({ code: "22P02" });
  });

  test("nothing a transaction set outlives it", async () => {
    await store.sql.as(newContext("alice"), async () => {});
    const { rows } = await store.sql.owner.query<{ project: string | null }>(
      "select nullif(current_setting('millrace.project', true), '') as project",
    );
    expect(rows[0]!.project).toBeNull();
  });
});

/** Statements that a caller who shapes SQL would try, to read the project `$target` from another one. */
const hostile = [
  "set local millrace.project = '$target'",
  "set session millrace.project = '$target'",
  "set role millrace_system",
  "set local role millrace_system",
  "reset role",
  "reset session authorization",
  "set session authorization postgres",
  "discard all",
  "commit",
  "rollback",
  "do $$ begin set local role millrace_system; end $$",
  "create function pg_temp.f() returns setof notes language sql security definer as 'select * from notes'",
  "create temporary table stolen as select * from notes",
  "alter table notes disable row level security",
  "copy notes to stdout",
  "select 1; reset role; select * from notes",
  "/* a comment */ reset role",
  "listen millrace_state",
  "prepare p as select 1",
];

describe("hostile SQL", () => {
  test.each(hostile)("inside as(): %s", async (statement) => {
    const [alice, bob] = [newContext("alice"), newContext("bob")];
    await writeNote(store.sql, bob, "of bob");
    let seen: unknown[] = [];
    const attempt = store.sql.as(alice, async (tx) => {
      await tx.client.query(statement.replace("$target", bob.projectId));
      seen = (await tx.client.query("select * from notes")).rows;
    });
    await expect(attempt).rejects.toThrow();
    expect(seen).toEqual([]);
    expect(await readNotes(store.sql, alice)).toEqual([]);
  });

  /** The statement of decisions 2: one query that changes its own project before it reads. */
  function switching(target: string): string {
    return `with x as materialized (select set_config('millrace.project', '${target}', true) v) select notes.* from x, notes`;
  }

  test("a query that switches its own project reads nothing where set_config is revoked", async () => {
    const [alice, bob] = [newContext("alice"), newContext("bob")];
    await writeNote(store.sql, bob, "of bob");
    const { rows } = await store.sql.owner.query<{ may: boolean }>(
      "select has_function_privilege('millrace_app', 'set_config(text,text,boolean)', 'execute') as may",
    );
    // The embedded store revokes it. On PostgreSQL an administrator may (see the README); our own work never calls it.
    expect(rows[0]!.may).toBe(store.kind === "postgres");
    if (rows[0]!.may) return;
    for (const name of ["project", "role"]) {
      const statement = name === "role" ? "select set_config('role', 'millrace_system', true)" : switching(bob.projectId);
      await expect(store.sql.as(alice, (tx) => tx.client.query(statement))).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("on the owner's handle it reads nothing: protected rows are for the two roles only", async () => {
    const bob = newContext("bob");
    await writeNote(store.sql, bob, "of bob");
    const rows = await store.sql.owner.query(switching(bob.projectId)).then(
      (result) => result.rows,
      () => [],
    );
    expect(rows).toEqual([]);
    await store.sql.owner.query("select 1");
  });

  test("the role of as() cannot read files, run programs, or make temporary tables and functions", async () => {
    const attempts = [
      "select pg_read_file('/etc/passwd')",
      "select pg_ls_dir('/')",
      "select lo_import('/etc/passwd')",
      "select * from pg_authid",
    ];
    for (const statement of attempts) {
      await expect(
        store.sql.as(newContext("alice"), (tx) => tx.client.query(statement)),
        statement,
      ).rejects.toThrow(/permission denied|must be superuser/);
    }
  });

  test("functions that run SQL given as text stay inside the project", async () => {
    const [alice, bob] = [newContext("alice"), newContext("bob")];
    await writeNote(store.sql, bob, "of bob");
    const xml = await store.sql.as(
      alice,
      async (tx) => (await tx.client.query<{ x: string }>("select query_to_xml('select body from notes', true, true, '') as x")).rows[0]!.x,
    );
    expect(xml ?? "").not.toContain("of bob");
    for (const text of ["set role millrace_system", "reset role"]) {
      await expect(store.sql.as(alice, (tx) => tx.client.query("select query_to_xml($1, true, true, '')", [text]))).rejects.toThrow();
    }
  });
});
