import { join } from "node:path";
import { afterEach, describe, expect, inject, test } from "vitest";
import { copyTemplate } from "../../test/copy-template.ts";
import { type JobsProcess, startJobsProcess } from "../../test/jobs-process.ts";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { readEnvironment, silentLogger, systemContext } from "../core/index.ts";
import { createEmbeddedSql, type Sql } from "../storage/index.ts";
import { listEvents } from "./repository.ts";

const isPostgres = (readEnvironment("MILLRACE_TEST_DATABASE_URL") ?? "") !== "";
const context = systemContext("test");
type Place = Pick<TestStore, "dataFolder" | "databaseUrl" | "schema"> & { readonly sql?: Sql };
let place: Place;
const processes: JobsProcess[] = [];
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill()));
  for (const close of closing.splice(0)) await close();
});

function start(options: { nodeId: string; role?: "up" | "serve" | "work"; dieAt?: string; slowMs?: number }): JobsProcess {
  const { dataFolder, databaseUrl, schema } = place;
  const process = startJobsProcess({ dataFolder, databaseUrl, schema, role: "up", ...options });
  processes.push(process);
  return process;
}

/** Reads the store: on the embedded one only while no process has it open. */
async function events(type: string): Promise<{ subject: string }[]> {
  const read = async (sql: Sql) =>
    (await sql.as(context, (tx) => listEvents(tx, { limit: 500, before: undefined }))).filter((event) => event.type === type);
  if (place.sql !== undefined) return read(place.sql);
  const sql = await createEmbeddedSql({ folder: join(place.dataFolder, "database"), logger: silentLogger });
  try {
    return await read(sql);
  } finally {
    await sql.close();
  }
}

/** Where the processes keep what they share: on the embedded store a folder that nobody else has open. */
async function preparePlace(): Promise<void> {
  if (isPostgres) {
    const store = await createTestStore();
    closing.push(() => store.close());
    place = store;
    return;
  }
  const dataFolder = join(await temporaryFolder(), "data");
  copyTemplate(inject("templateFolder"), join(dataFolder, "database"));
  place = { dataFolder, databaseUrl: undefined, schema: undefined };
}

describe("kill -9", () => {
  test("at every point of every step: the workflow goes on after a restart and no effect is doubled", async () => {
    await preparePlace();
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

describe.runIf(isPostgres)("several nodes on one PostgreSQL", () => {
  test("a dead node's workflow is taken over by one that works, and not by one that serves", async () => {
    await preparePlace();
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
    await preparePlace();
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
    await preparePlace();
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
