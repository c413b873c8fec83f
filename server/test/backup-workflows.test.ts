import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createId, silentLogger, systemClock, systemContext } from "../src/core/index.ts";
import { configSchema, createJobs, type Jobs } from "../src/jobs/index.ts";
import { restoreBackup, writeBackup } from "../src/storage/index.ts";
import { createTestStore, type TestStore } from "./store.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const context = systemContext("test");

function openJobs(store: TestStore, run: (part: string) => string): Jobs {
  const jobs = createJobs({
    sql: store.sql,
    audit: async () => {},
    clock: systemClock,
    logger: silentLogger,
    config: configSchema.parse({ pollMs: 50, heartbeatMs: 100, staleAfterMs: 1000 }),
    nodeId: "node",
    configHash: "0".repeat(64),
    version: "0.0.0",
  });
  jobs.defineWorkflow("test.long@1", async (workflow, input: { name: string }) => {
    const first = await workflow.step("first", async () => run(`first of ${input.name}`));
    const word = await workflow.waitFor<string>("go", 60_000);
    return `${first}, ${String(word)}, ${await workflow.step("last", async () => run("last"))}`;
  });
  return jobs;
}

async function openStore(migrate: boolean): Promise<TestStore> {
  const store = await createTestStore({ migrate });
  onTestFinished(() => store.close());
  return store;
}

test("a workflow in the middle of its work goes on in the restored store, with no step done twice", async () => {
  const folder = await temporaryFolder();
  const done: string[] = [];
  const run = (part: string) => {
    done.push(part);
    return part;
  };
  const workflowId = createId();
  const store = await openStore(true);
  const before = openJobs(store, run);
  await before.start("up");
  await before.startWorkflow(context, "test.long@1", { name: "work" }, { workflowId });
  await expect.poll(() => done).toEqual(["first of work"]);
  // The step's result is recorded a moment after the step has run.
  await expect.poll(async () => (await before.get(context, workflowId)).steps.length).toBeGreaterThan(0);
  const backup = { sql: store.sql, workflowSchema: store.dbosSchema, folders: {}, clock: systemClock, logger: silentLogger };
  await writeBackup(backup, join(folder, "backup"));
  await before.close();

  const target = await openStore(false);
  await restoreBackup(
    {
      sql: target.sql,
      workflowSchema: target.dbosSchema,
      folders: {},
      logger: silentLogger,
      async prepareWorkflows() {
        const empty = openJobs(target, run);
        await empty.start("serve");
        await empty.close();
      },
    },
    join(folder, "backup"),
  );
  const after = openJobs(target, run);
  await after.start("up");
  await after.signalWorkflow(context, workflowId, "go", "approved");
  expect(await after.result(workflowId)).toBe("first of work, approved, last");
  expect(done).toEqual(["first of work", "last"]);
  await after.close();
});
