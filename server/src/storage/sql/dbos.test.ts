import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNotes, newContext, readNotes } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import type { EmbeddedSql } from "./create-embedded.ts";

let store: TestStore;
let client: DBOSClient;
let steps = 0;
let echo: (text: string) => Promise<string>;
let wait: () => Promise<string | null>;
const queued = { workflowName: "echo", queueName: "tests", appVersion: "1" };

beforeAll(async () => {
  store = await createTestStore();
  await createNotes(store.sql);
  // The pool is what is tested: the address is never dialled.
  const database = {
    systemDatabaseUrl: "postgresql://unused:unused@pool.invalid:5432/unused",
    systemDatabasePool: store.sql.owner.pool as never,
    systemDatabaseSchemaName: store.dbosSchema,
  };
  echo = DBOS.registerWorkflow(
    async (text: string) => {
      const first = await DBOS.runStep(() => Promise.resolve(++steps), { name: "count" });
      return `${text} ${first > 0}`;
    },
    { name: "echo" },
  );
  wait = DBOS.registerWorkflow(() => DBOS.recv<string>("go", { timeoutSeconds: 30 }), { name: "wait" });
  DBOS.setConfig({
    name: "storage-test",
    applicationVersion: "1",
    executorID: "test",
    useListenNotify: true,
    logLevel: "error",
    ...database,
  });
  await DBOS.launch();
  client = await DBOSClient.create({ ...database, applicationName: "storage-test" });
  await client.registerQueue("tests", { minPollingIntervalMs: 50 });
  await store.sql.owner.query(
    `grant usage on schema ${store.dbosSchema} to millrace_app; grant select, insert, update on all tables in schema ${store.dbosSchema} to millrace_app`,
  );
});
afterAll(async () => {
  await client.destroy();
  await DBOS.shutdown();
  await store.close();
});

describe("DBOS on the owner's pool", () => {
  test("runs a workflow and its steps", async () => {
    expect(await echo("hello")).toBe("hello true");
  });

  test("a message reaches a waiting workflow by notification", async () => {
    const handle = await DBOS.startWorkflow(wait)();
    await expect.poll(async () => (await handle.getStatus())?.status).toBe("PENDING");
    await DBOS.send(handle.workflowID, "now", "go");
    expect(await handle.getResult()).toBe("now");
  });

  test("enqueueInTransaction runs on commit and does not on rollback", async () => {
    const alice = newContext("alice");
    await store.sql.as(alice, async (tx) => {
      await tx.client.query("insert into notes values ($1, $1, 'committed')", [alice.projectId]);
      await client.enqueueInTransaction(tx.client as never, { ...queued, workflowID: "committed" }, "in");
    });
    expect(await client.retrieveWorkflow("committed").getResult()).toBe("in true");
    const lost = store.sql.as(alice, async (tx) => {
      await client.enqueueInTransaction(tx.client as never, { ...queued, workflowID: "rolled-back" }, "in");
      throw new Error("changed my mind");
    });
    await expect(lost).rejects.toThrow("changed my mind");
    expect(await client.getWorkflow("rolled-back")).toBeUndefined();
    expect(await readNotes(store.sql, alice)).toEqual(["committed"]);
  });

  test("called inside a transaction it is refused instead of waiting for itself", async () => {
    const inside = store.sql.as(newContext("alice"), async () => {
      await client.enqueue({ ...queued, workflowID: "inside" }, "in");
    });
    await expect(inside).rejects.toThrow(/inside a transaction/);
    expect(await client.getWorkflow("inside")).toBeUndefined();
  });

  test("goes on after the database thread died: statements, queues and notifications", async ({ skip }) => {
    if (store.kind !== "embedded") skip("only the embedded store has a thread");
    await (store.sql as EmbeddedSql).crash();
    await store.sql.health();
    expect(await echo("again")).toBe("again true");
    await client.enqueue({ ...queued, workflowID: "after" }, "queued");
    expect(await client.retrieveWorkflow("after").getResult()).toBe("queued true");
    const handle = await DBOS.startWorkflow(wait)();
    await DBOS.send(handle.workflowID, "still", "go");
    expect(await handle.getResult()).toBe("still");
  });
});
