import { afterEach, describe, expect, test } from "vitest";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { silentLogger, systemClock, systemContext } from "../core/index.ts";
import { configSchema, createJobs, type Jobs } from "./index.ts";

const context = systemContext("test");
const open: { jobs?: Jobs; store?: TestStore } = {};

async function startJobs(define: (jobs: Jobs, store: TestStore) => void): Promise<{ jobs: Jobs; store: TestStore }> {
  const store = (open.store = await createTestStore());
  const jobs = (open.jobs = createJobs({
    sql: store.sql,
    audit: async () => {},
    clock: systemClock,
    logger: silentLogger,
    config: configSchema.parse({ pollMs: 50 }),
    nodeId: "node-a",
    configHash: "0".repeat(64),
    version: "0.0.0",
  }));
  define(jobs, store);
  await jobs.start("up");
  return { jobs, store };
}

afterEach(async () => {
  await open.jobs?.close();
  await open.store?.close();
  delete open.jobs;
  delete open.store;
});

describe("a workflow", () => {
  test("runs its steps in order and answers its output", async () => {
    const { jobs } = await startJobs((jobs) => {
      jobs.defineWorkflow("test.add@1", async (workflow, input: { a: number; b: number }) => {
        const a = await workflow.step("a", async () => input.a);
        await workflow.sleep(5);
        const b = await workflow.step("b", async () => input.b);
        return { sum: a + b };
      });
    });
    const { workflowId } = await jobs.startWorkflow(context, "test.add@1", { a: 2, b: 3 });
    expect(await jobs.result(workflowId)).toEqual({ sum: 5 });
    const detail = await jobs.get(context, workflowId);
    expect(detail).toMatchObject({ id: workflowId, name: "test.add@1", status: "succeeded", node: "node-a", input: { a: 2, b: 3 }, output: { sum: 5 }, error: null });
    expect(detail.steps.map((step) => step.name)).toEqual(["a", "sleep", "b"]);
    expect((await jobs.list(context, { limit: 10 })).items.map((item) => item.id)).toEqual([workflowId]);
    expect((await jobs.nodes()).map((node) => [node.id, node.alive])).toEqual([["node-a", true]]);
  });
});
