import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { copyTemplate } from "../../../test/copy-template.ts";
import { createNotes, newContext, readNotes, writeNote } from "../../../test/notes.ts";
import { nodeArguments } from "../../../test/node-arguments.ts";
import { createRandom, defaultProjectId, readEnvironment, silentLogger } from "../../core/index.ts";
import { type EmbeddedSql, createEmbeddedSql } from "./create-embedded.ts";

// The same store whatever the suite runs on: once is enough.
const onPostgres = (readEnvironment("MILLRACE_TEST_DATABASE_URL") ?? "") !== "";

// One folder for the whole file: each death leaves it usable, which is what is tested.
let place: string;
let sql: EmbeddedSql;

function open(options: { watchdogMs?: number; patienceMs?: number } = {}): Promise<EmbeddedSql> {
  return createEmbeddedSql({ folder: join(place, "database"), logger: silentLogger, ...options });
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "millrace-test-"));
  copyTemplate(inject("templateFolder"), join(place, "database"));
  sql = await open();
  await createNotes(sql);
});
afterAll(async () => {
  await sql.close();
  await rm(place, { recursive: true, force: true });
});

// Slow enough to be under way when the thread is killed; ends by itself after some seconds.
const slow = "select count(*) from generate_series(1, 100000000)";

describe.skipIf(onPostgres)("a database thread that dies", () => {
  test("is opened again: what was committed is there, what was under way is rejected with a retryable code, listeners hear again", async () => {
    const heard: string[] = [];
    await sql.listen("millrace_test", (payload) => heard.push(payload));
    const alice = newContext("alice");
    await writeNote(sql, alice, "committed");
    const running = sql.owner.query(slow);
    const waiting = writeNote(sql, alice, "waited");
    const open = sql.as(alice, async (tx) => {
      await tx.client.query("select 1");
    });
    await sql.crash();
    await expect(running).rejects.toMatchObject({ code: "database_restarted", status: 503 });
    await Promise.all([waiting, open]);
    expect(await readNotes(sql, alice)).toEqual(["committed", "waited"]);
    const { rows } = await sql.owner.query<{ who: string; superuser: string }>(
      "select current_user as who, current_setting('is_superuser') as superuser",
    );
    expect(rows).toEqual([{ who: "millrace_owner", superuser: "off" }]);
    await sql.owner.query("select pg_notify('millrace_test', 'after')");
    await expect.poll(() => heard).toEqual(["after"]);
  });

  test("takes the transaction it was in with it, and nobody else's", async () => {
    const alice = newContext("alice");
    const broken = sql.as(alice, async (tx) => {
      await tx.client.query("insert into notes values ($1, $1, 'lost')", [alice.projectId]);
      await sql.crash();
      // Were this sent to the new session, it would run outside any transaction.
      await tx.client.query("insert into notes values ($1, gen_random_uuid(), 'stray')", [alice.projectId]);
    });
    await expect(broken).rejects.toMatchObject({ code: "database_restarted" });
    expect(await readNotes(sql, alice)).toEqual([]);
  });

  test("five times in a row under load loses nothing that was acknowledged", async () => {
    const alice = newContext("alice");
    const acknowledged: string[] = [];
    let writing = true;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let index = 0; writing; index++) {
        const body = `${writer}:${index}`;
        await writeNote(sql, alice, body).then(
          () => acknowledged.push(body),
          (error: unknown) => expect(error).toMatchObject({ code: "database_restarted" }),
        );
      }
    });
    for (let round = 0; round < 5; round++) {
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(before + 5);
      await sql.crash();
    }
    writing = false;
    await Promise.all(writers);
    const stored = new Set(await readNotes(sql, alice));
    expect(acknowledged.filter((body) => !stored.has(body))).toEqual([]);
  });

  test("because a statement hangs is ended by the watchdog and opened again; while it cannot be, it says database_unavailable", async () => {
    await sql.close();
    sql = await open({ watchdogMs: 3000, patienceMs: 1000 });
    await expect(sql.owner.query("select count(*) from generate_series(1, 1000000000000)")).rejects.toMatchObject({
      code: "database_restarted",
    });
    const health = () => sql.health().then(() => "answers");
    await expect.poll(health, { timeout: 30_000 }).toBe("answers");
    // A setting PostgreSQL does not know keeps it from starting.
    await appendFile(join(place, "database/postgresql.conf"), "\nmillrace_no_such_setting_at_all = 'x'\nshared_buffers = 'many'\n");
    await sql.crash();
    await expect(sql.owner.query("select 1")).rejects.toMatchObject({ code: "database_unavailable" });
    await writeFile(join(place, "database/postgresql.conf"), "");
    await expect.poll(health, { timeout: 30_000 }).toBe("answers");
  });
});

describe.skipIf(onPostgres)("a process that is killed", () => {
  const writerFile = fileURLToPath(new URL("../../../test/fixtures/row-writer.ts", import.meta.url));

  test("loses no acknowledged row, time after time", async () => {
    await sql.close();
    const random = createRandom(7);
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [...nodeArguments, writerFile, join(place, "database")], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, 50 + random.next() * 400));
      child.kill("SIGKILL");
      await once(child, "close");
      acknowledged.push(...said.split("\n").slice(0, -1));
    }
    sql = await open();
    const { rows } = await sql.as({ projectId: defaultProjectId, principalId: "reader" }, (tx) =>
      tx.client.query<{ id: string }>("select id from notes"),
    );
    const stored = new Set(rows.map((row) => row.id));
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  });
});
