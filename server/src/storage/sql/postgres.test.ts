import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createNotes, newContext, readNotes, writeNote } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { createId, readEnvironment, silentLogger } from "../../core/index.ts";
import type { Sql } from "../types.ts";
import { checkLogin } from "./check-login.ts";
import { createPostgresSql } from "./create-postgres.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { outsideTransaction } from "./nesting.ts";

const url = readEnvironment("MILLRACE_TEST_DATABASE_URL") ?? "";

describe("the login", () => {
  function answering(row: Record<string, unknown>) {
    return { query: () => Promise.resolve({ rows: [row], rowCount: 1 }) as never };
  }

  test("that is a superuser, or may become one, or meets an old server is refused by name", async () => {
    const version = 150000;
    await checkLogin(answering({ version, name: "millrace", unsafe: null }));
    await expect(checkLogin(answering({ version, name: "postgres", unsafe: "postgres" }))).rejects.toMatchObject({
      code: "unsafe_database_role",
      details: { login: "postgres" },
    });
    await expect(checkLogin(answering({ version, name: "app", unsafe: "admin" }))).rejects.toThrow(/may become "admin"/);
    await expect(checkLogin(answering({ version: 140009, name: "millrace", unsafe: null }))).rejects.toThrow(
      /15 or newer is needed; this is 14/,
    );
  });

  test("to a server that is not there is database_unavailable", async () => {
    await expect(createPostgresSql({ url: "postgres://millrace@127.0.0.1:1/none", logger: silentLogger })).rejects.toMatchObject({
      code: "database_unavailable",
    });
  });
});

describe.skipIf(url === "")("on PostgreSQL", () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await createTestStore();
    await createNotes(store.sql);
  });
  afterAll(() => store.close());

  function withUser(name: string): string {
    const address = new URL(url);
    address.username = name;
    return address.href;
  }

  async function open(options: { url?: string; deadAfterMs?: number } = {}): Promise<Sql> {
    const sql = await createPostgresSql({ url, schema: store.schema, logger: silentLogger, ...options });
    onTestFinished(() => sql.close());
    return sql;
  }

  async function end(pid: number): Promise<void> {
    await store.sql.owner.query("select pg_terminate_backend($1, 5000)", [pid]);
  }

  test("a superuser's login is refused", async ({ skip }) => {
    const refused = await createPostgresSql({ url: withUser("postgres"), logger: silentLogger }).then(
      () => "let in",
      (error: unknown) => error as { code: string; message: string },
    );
    if (typeof refused !== "string" && /password|authentication|does not exist|SASL/.test(refused.message))
      skip("this server has no superuser we may log in as");
    expect(refused).toMatchObject({ code: "unsafe_database_role" });
  });

  test("a login that may not have the two roles is told what an administrator has to do", async ({ skip }) => {
    const login = `poor_${createId().replaceAll("-", "")}`;
    await store.sql.owner.query(`create role ${login} login`);
    onTestFinished(async () => {
      await store.sql.owner.query(`drop role ${login}`);
    });
    const sql = await createPostgresSql({ url: withUser(login), schema: store.schema, logger: silentLogger }).catch(
      (error: Error) => error,
    );
    if (sql instanceof Error) return skip("this server wants a password");
    onTestFinished(() => sql.close());
    await expect(migrate(sql, await readMigrations(), silentLogger)).rejects.toThrow(
      /create role millrace_app nologin; grant millrace_app to <login>/,
    );
  });

  test("a connection that is ended in the middle of a transaction is database_unavailable; the next one works", async () => {
    const alice = newContext("alice");
    const broken = (await open()).as(alice, async (tx) => {
      await tx.client.query("insert into notes values ($1, $1, 'lost')", [alice.projectId]);
      const { rows } = await tx.client.query<{ pid: number }>("select pg_backend_pid() as pid");
      await outsideTransaction(() => end(rows[0]!.pid));
      await tx.client.query("insert into notes values ($1, gen_random_uuid(), 'lost too')", [alice.projectId]);
    });
    await expect(broken).rejects.toMatchObject({ code: "database_unavailable" });
    await writeNote(store.sql, alice, "kept");
    expect(await readNotes(store.sql, alice)).toEqual(["kept"]);
  });

  test("a statement that outlives its transaction's callback is ended on the server", async () => {
    const sql = await open();
    const alice = newContext("alice");
    await expect(sql.as(alice, (tx) => tx.client.query("select pg_sleep(60)"))).rejects.toMatchObject({ code: "transaction_too_long" });
    await writeNote(sql, alice, "next");
  });

  test("a network that swallows everything is noticed, and left when it is back", async () => {
    const network = await startNetwork(new URL(url));
    onTestFinished(() => network.close());
    const address = new URL(url);
    address.hostname = "127.0.0.1";
    address.port = String(network.port);
    const sql = await open({ url: address.href, deadAfterMs: 700 });
    const alice = newContext("alice");
    await writeNote(sql, alice, "before");
    network.swallow(true);
    await expect(writeNote(sql, alice, "lost")).rejects.toMatchObject({ code: "database_unavailable" });
    network.swallow(false);
    await writeNote(sql, alice, "after");
    expect(await readNotes(sql, alice)).toEqual(["after", "before"]);
  });

  test("a listening connection that is ended is made again", async () => {
    const channel = `test_${createId().replaceAll("-", "")}`;
    const heard: string[] = [];
    const stop = await store.sql.listen(channel, (payload) => heard.push(payload));
    const listeners = "select pid from pg_stat_activity where query = $1";
    const { rows } = await store.sql.owner.query<{ pid: number }>(listeners, [`listen "${channel}"`]);
    expect(rows).toHaveLength(1);
    await end(rows[0]!.pid);
    await expect
      .poll(
        async () => {
          await store.sql.owner.query("select pg_notify($1, 'again')", [channel]);
          return heard.includes("again");
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    await stop();
    await expect.poll(async () => (await store.sql.owner.query(listeners, [`listen "${channel}"`])).rows).toEqual([]);
  });

  test("two schemas of one database know nothing of each other", async () => {
    const other = await createTestStore();
    await createNotes(other.sql);
    const alice = newContext("alice");
    await writeNote(store.sql, alice, "here");
    expect(await readNotes(other.sql, alice)).toEqual([]);
    await other.close();
  });
});

/** A line to the server that can be told to swallow what is sent, with its connections left open. */
async function startNetwork(server: URL): Promise<{ port: number; swallow(on: boolean): void; close(): void }> {
  let swallowing = false;
  const sockets = new Set<Socket>();
  const line = createServer((near) => {
    const far = connect(Number(server.port || 5432), server.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => void (swallowing || to.write(chunk)));
      from.on("close", () => to.destroy());
      from.on("error", () => to.destroy());
    }
  });
  line.listen(0, "127.0.0.1");
  await once(line, "listening");
  return {
    port: (line.address() as AddressInfo).port,
    swallow(on) {
      swallowing = on;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      line.close();
    },
  };
}
