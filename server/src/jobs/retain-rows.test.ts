import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { createManualClock, silentLogger, systemClock, systemContext } from "../core/index.ts";
import { configSchema, createJobs, type Jobs } from "./index.ts";
import { engineSchema } from "./repository.ts";
import { retainRows } from "./retain-rows.ts";

const context = systemContext("test");
const dayMs = 86_400_000;
const clock = createManualClock(0);
const config = configSchema.parse({ pollMs: 50, heartbeatMs: 100, staleAfterMs: 60_000 });
let store: TestStore;
let jobs: Jobs;
let effects = 0;

beforeAll(async () => {
  store = await createTestStore();
  jobs = createJobs({
    sql: store.sql,
    audit: async () => undefined,
    clock: systemClock,
    logger: silentLogger,
    config,
    nodeId: "node-a",
    configHash: "0".repeat(64),
    version: "0.0.0",
  });
  jobs.defineWorkflow("test.effect@1", (workflow) =>
    workflow.step("add", (step) => store.sql.as(context, (tx) => step.once(tx, async () => ++effects))),
  );
  jobs.defineWorkflow("test.wait@1", (workflow) => workflow.waitFor("go", 3_600_000));
  jobs.subscribe("test.happened", "test", "test.effect@1");
  await jobs.start("up");
});
afterAll(async () => {
  await jobs.close();
  await store.close();
});

async function rowsOf(table: string, schema?: string): Promise<number> {
  const client = await store.sql.owner.pool.connect();
  try {
    await client.query("begin");
    if (schema === undefined) await client.query("set local role millrace_system");
    const name = schema === undefined ? table : `"${schema}".${table}`;
    const { rows } = await client.query<{ count: string }>(`select count(*) as count from ${name}`);
    return Number(rows[0]!.count);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

test("what ended long ago goes as a whole; what is open stays and goes on, however old", async () => {
  const schema = await engineSchema(store.sql);
  const ended: string[] = [];
  for (let count = 0; count < 45; count++) ended.push((await jobs.startWorkflow(context, "test.effect@1", {})).workflowId);
  for (const id of ended) await jobs.result(id);
  const { workflowId: open } = await jobs.startWorkflow(context, "test.wait@1", {});
  const { workflowId: cancelled } = await jobs.startWorkflow(context, "test.wait@1", {});
  await expect.poll(async () => (await jobs.get(context, cancelled)).status, { timeout: 10_000 }).toBe("running");
  await jobs.cancel(context, cancelled);
  await store.sql.as(context, (tx) => jobs.emit(tx, { type: "test.happened", subject: "one", payload: null }));
  await expect.poll(() => effects, { timeout: 10_000 }).toBe(46);
  await expect.poll(async () => (await jobs.list(context, { limit: 100, status: "succeeded" })).items.length, { timeout: 10_000 }).toBe(46);
  expect(await rowsOf("jobs_effects")).toBe(46);

  clock.set(systemClock.now() + 29 * dayMs);
  expect(await retainRows({ sql: store.sql, clock, logger: silentLogger, config })).toEqual({ workflows: 0, events: 0, nodes: 0 });
  clock.advance(2 * dayMs);
  const removed = await retainRows({ sql: store.sql, clock, logger: silentLogger, config });
  expect(removed).toMatchObject({ workflows: 47, events: 1 });
  for (const table of ["jobs_effects", "jobs_events", "jobs_intents"]) expect([table, await rowsOf(table)]).toEqual([table, 0]);
  for (const table of ["workflow_status", "workflow_input"]) expect([table, await rowsOf(table, schema)]).toEqual([table, 1]);
  expect(await rowsOf("workflow_output", schema)).toBe(0);
  await expect(jobs.get(context, ended[0]!)).rejects.toMatchObject({ code: "unknown_workflow" });

  expect((await jobs.list(context, { limit: 10 })).items.map((workflow) => [workflow.id, workflow.status])).toEqual([[open, "running"]]);
  await jobs.signalWorkflow(context, open, "go", { said: "yes" });
  expect(await jobs.result(open)).toEqual({ said: "yes" });
});

test("a node that lives is not removed, one that has been silent for as long is", async () => {
  // The clock of the test before was so far ahead that its own node was taken for silent; the next beat brings it back.
  await expect.poll(async () => (await jobs.nodes()).map((node) => node.alive), { timeout: 10_000 }).toEqual([true]);
  await store.sql.system("heartbeat", (tx) =>
    tx.client.query(
      `insert into jobs_nodes (executor_id, node_id, role, host, config_hash, version, heartbeat_at, taken_by, taken_at)
      values ('gone', 'gone', 'serve', 'h', '', '', now() - interval '40 days', 'other', now() + interval '1 day')`,
    ),
  );
  const removed = await retainRows({ sql: store.sql, clock: systemClock, logger: silentLogger, config });
  expect(removed.nodes).toBe(1);
  expect((await jobs.nodes()).map((node) => node.alive)).toEqual([true]);
});
