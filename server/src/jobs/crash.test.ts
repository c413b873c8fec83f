import { afterEach, describe, expect, test } from "vitest";
import { type JobsProcess, startJobsProcess } from "../../test/jobs-process.ts";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { readEnvironment, silentLogger, systemContext } from "../core/index.ts";
import { createEmbeddedSql, type Sql } from "../storage/index.ts";
import { listEvents } from "./repository.ts";

const context = systemContext("test");
let store: TestStore | undefined;
const processes: JobsProcess[] = [];

afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill()));
  await store?.close();
  store = undefined;
});

function start(options: { nodeId: string; role?: "up" | "serve" | "work"; dieAt?: string; slowMs?: number }): JobsProcess {
  const { dataFolder, databaseUrl, schema } = store!;
  const process = startJobsProcess({ dataFolder, databaseUrl, schema, role: "up", ...options });
  processes.push(process);
  return process;
}

/** Reads the store: on the embedded one only while no process has it open. */
async function events(type: string): Promise<{ subject: string }[]> {
  const read = async (sql: Sql) =>
    (await sql.as(context, (tx) => listEvents(tx, { limit: 500, before: undefined }))).filter((event) => event.type === type);
  if (store!.kind === "postgres") return read(store!.sql);
  const sql = await createEmbeddedSql({ folder: `${store!.dataFolder}/database`, logger: silentLogger });
  try {
    return await read(sql);
  } finally {
    await sql.close();
  }
}

async function openStore(): Promise<TestStore> {
  store = await createTestStore();
  if (store.kind === "embedded") await store.sql.close();
  return store;
}

describe("kill -9", () => {
  test("at every point of every step: the workflow goes on after a restart and no effect is doubled", async () => {
    await openStore();
    const steps = ["first", "second"];
    const points = steps.flatMap((step) => ["before", "inside", "after"].map((where) => `${step}/${where}`));
    for (const [index, dieAt] of points.entries()) {
      const node = start({ nodeId: `node-${index}`, dieAt });
      if (index === 0) {
        await node.said("started");
        node.send({ start: ["test.effects@1", steps, "w"] });
      }
      expect(await node.ended).toBe("SIGKILL");
    }
    const last = start({ nodeId: "last" });
    await last.said("started");
    // Starting the same workflow again is a no-op.
    last.send({ start: ["test.effects@1", steps, "w"] });
    last.send({ result: "w" });
    expect(await last.said("result")).toEqual({ at: "result", result: steps.map((step) => `${step} done`) });
    last.send({ close: true });
    expect(await last.ended).toBe("0");
    const subjects = (await events("test.effect")).map((event) => event.subject).sort();
    expect(subjects).toEqual([...steps].sort());
  }, 240_000);
});

const onPostgres = readEnvironment("MILLRACE_TEST_DATABASE_URL") ? describe : describe.skip;

onPostgres("several nodes on one PostgreSQL", () => {
  test("a dead node's workflow is taken over by one that works, and not by one that serves", async () => {
    await openStore();
    const doomed = start({ nodeId: "doomed", role: "work", slowMs: 60_000 });
    await doomed.said("started");
    const serving = start({ nodeId: "serving", role: "serve" });
    await serving.said("started");
    serving.send({ start: ["test.slow@1", null, "w"] });
    await doomed.said("slow");
    await doomed.kill();
    const heir = start({ nodeId: "heir", role: "work", slowMs: 10 });
    serving.send({ result: "w" });
    expect(await serving.said("result")).toEqual({ at: "result", result: "heir" });
    await heir.said("slow");
  });

  test("a node that closes hands its running workflow over at once", async () => {
    await openStore();
    const leaving = start({ nodeId: "leaving", role: "work", slowMs: 60_000 });
    await leaving.said("started");
    leaving.send({ start: ["test.slow@1", null, "w"] });
    await leaving.said("slow");
    const heir = start({ nodeId: "heir", role: "work", slowMs: 10 });
    await heir.said("started");
    leaving.send({ close: true });
    expect(await leaving.ended).toBe("0");
    heir.send({ result: "w" });
    expect(await heir.said("result")).toEqual({ at: "result", result: "heir" });
  });

  test("a schedule runs on one node, and on another when that one dies", async () => {
    await openStore();
    const one = start({ nodeId: "one", role: "work" });
    await one.said("started");
    const two = start({ nodeId: "two", role: "work" });
    await two.said("started");
    await until(async () => (await events("test.tick")).length >= 5);
    expect(new Set((await events("test.tick")).map((event) => event.subject))).toEqual(new Set(["one"]));
    await one.kill();
    await until(async () => (await events("test.tick")).some((event) => event.subject === "two"));
  });
});

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 50));
}
