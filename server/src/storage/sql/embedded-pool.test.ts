import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { copyTemplate } from "../../../test/copy-template.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { readEnvironment, silentLogger } from "../../core/index.ts";
import { type EmbeddedSql, createEmbeddedSql } from "./create-embedded.ts";

// The same store whatever the suite runs on: once is enough.
const onPostgres = (readEnvironment("MILLRACE_TEST_DATABASE_URL") ?? "") !== "";

/** The priority of every thread of this process, as the kernel has it: 0 is usual, 19 the last in line. */
async function readPriorities(): Promise<number[]> {
  const priorities: number[] = [];
  for (const id of process.platform === "linux" ? await readdir("/proc/self/task") : []) {
    const status = await readFile(`/proc/self/task/${id}/stat`, "utf8");
    priorities.push(Number(status.replace(/^.*\) /, "").split(" ")[16]));
  }
  return priorities;
}

describe.skipIf(onPostgres)("the embedded store in the shape of pg", () => {
  let sql: EmbeddedSql;
  let folder: string;
  let priorities: Record<"before" | "open", number[]>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-test-"));
    copyTemplate(inject("templateFolder"), join(folder, "database"));
    const before = await readPriorities();
    sql = await createEmbeddedSql({ folder: join(folder, "database"), logger: silentLogger });
    priorities = { before, open: await readPriorities() };
  });
  afterAll(async () => {
    await sql.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.skipIf(process.platform !== "linux")("has a thread that stands back, and no other does", () => {
    const { before, open } = priorities;
    const lowered = (each: number[]) => each.filter((priority) => priority === 10).length;
    expect(lowered(open) - lowered(before)).toBe(1);
    expect(Math.min(...open)).toBe(Math.min(...before));
  });

  test("Kysely's own PostgreSQL dialect runs on it, transactions and savepoints included", async () => {
    await sql.owner.query("create table plain (a int primary key, b jsonb)");
    const db = new Kysely<{ plain: { a: number; b: unknown } }>({ dialect: new PostgresDialect({ pool: sql.owner.pool as never }) });
    await db
      .insertInto("plain")
      .values({ a: 1, b: JSON.stringify([1]) })
      .execute();
    const failing = db.transaction().execute(async (tx) => {
      await tx.insertInto("plain").values({ a: 2, b: null }).execute();
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    const controlled = await db.startTransaction().execute();
    const saved = await controlled.savepoint("here").execute();
    await saved.updateTable("plain").set({ a: 9 }).execute();
    await saved.rollbackToSavepoint("here").execute();
    await controlled.insertInto("plain").values({ a: 3, b: null }).execute();
    await controlled.commit().execute();
    expect(await db.selectFrom("plain").selectAll().orderBy("a").execute()).toEqual([
      { a: 1, b: [1] },
      { a: 3, b: null },
    ]);
  });

  test("takes a callback as pg does", async () => {
    type Callback = (error: Error | null, result?: { rows: unknown[] }) => void;
    const pool = sql.owner.pool as unknown as { query(text: string, ...rest: [unknown[], Callback] | [Callback]): void };
    const rows = await new Promise((resolve) => pool.query("select $1::int as a", [5], (_error, result) => resolve(result?.rows)));
    expect(rows).toEqual([{ a: 5 }]);
    const code = await new Promise((resolve) => pool.query("select 1/0", (error) => resolve((error as unknown as { code: string }).code)));
    expect(code).toBe("22012");
  });

  test("has pgvector", async () => {
    const { rows } = await sql.owner.query("select '[1,2]'::vector <-> '[1,4]'::vector as distance");
    expect(rows).toEqual([{ distance: 2 }]);
  });

  test("a client given back in the middle of a transaction is rolled back", async () => {
    const client = await sql.owner.pool.connect();
    await client.query("begin");
    await client.query("create table never (a int)");
    client.release();
    const { rows } = await sql.owner.query<{ there: boolean }>("select to_regclass('never') is not null as there");
    expect(rows[0]!.there).toBe(false);
  });

  test("clients wait for the one session in the order they came", async () => {
    const order: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, index) => sql.owner.query("select 1").then(() => order.push(index))));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("those who wait when it closes are told", async () => {
    const copy = join(await temporaryFolder(), "database");
    copyTemplate(inject("templateFolder"), copy);
    const other = await createEmbeddedSql({ folder: copy, logger: silentLogger });
    const client = await other.owner.pool.connect();
    await client.query("begin");
    const waiting = other.owner.query("select 1");
    const refused = expect(waiting).rejects.toMatchObject({ code: "database_unavailable" });
    await other.close();
    await refused;
    await expect(other.owner.query("select 1")).rejects.toMatchObject({ code: "database_unavailable" });
  });

  test("a folder that cannot be opened says so once, and does not try for ever", async () => {
    const damaged = await temporaryFolder();
    await writeFile(join(damaged, "PG_VERSION"), "9\n");
    await expect(createEmbeddedSql({ folder: damaged, logger: silentLogger })).rejects.toMatchObject({ code: "database_unavailable" });
  });
});
