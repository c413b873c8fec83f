import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { AppError, type Context, createId, defaultProjectId, silentLogger, systemClock, systemContext } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import { configSchema, createJobs, type EventInput, type Jobs, type WorkflowName } from "./index.ts";
import { engineSchema } from "./repository.ts";

const context = systemContext("test");
const stranger: Context = { projectId: createId(), principalId: "key:stranger" };
const audited: AuditChange[] = [];
let store: TestStore;
let jobs: Jobs;

// One engine for the whole file: it is a singleton of the process, and opening a store takes longer than any test here.
beforeAll(async () => {
  store = await createTestStore();
  jobs = createJobs({
    sql: store.sql,
    audit: async (_tx, change) => {
      audited.push(change);
    },
    clock: systemClock,
    logger: silentLogger,
    config: configSchema.parse({ pollMs: 50, heartbeatMs: 100, staleAfterMs: 1000 }),
    nodeId: "node-a",
    configHash: "0".repeat(64),
    version: "0.0.0",
  });
  defineWorkflows();
  await jobs.start("up");
});

afterAll(async () => {
  await jobs?.close();
  await store?.close();
});

function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Never returns by itself: only the signal ends it. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
}

const tries = { flaky: 0, wrong: 0, once: 0, slow: 0 };
const runs = { count: 0, effects: 0, tick: 0 };
const narrow = { running: 0, most: 0 };
const survive = { reached: deferred(), goOn: deferred() };
const long = { reached: deferred(), done: [] as string[], patient: true };
const seen: EventInput[] = [];

function defineWorkflows(): void {
  jobs.defineWorkflow("test.add@1", async (workflow, input: { a: number; b: number }) => {
    const a = await workflow.step("a", async () => input.a);
    await workflow.sleep(5);
    const b = await workflow.step("b", async () => input.b);
    return { sum: a + b, who: workflow.context.principalId };
  });
  jobs.defineWorkflow("test.echo@1", async (_workflow, input) => input);
  jobs.defineWorkflow("test.count@1", (workflow) => workflow.step("count", async () => ++runs.count));
  jobs.defineWorkflow("test.twice@1", async (workflow) => {
    await workflow.step("same", async () => 1);
    await workflow.step("same", async () => 2);
  });
  jobs.defineWorkflow("test.fail@1", (workflow) =>
    workflow.step("fail", async () => {
      throw new AppError("training_failed", "Only one label.", { details: { labels: 1 } });
    }),
  );
  jobs.defineWorkflow("test.flaky@1", (workflow) => workflow.step("flaky", async () => failUntil(++tries.flaky, 2), { attempts: 2 }));
  jobs.defineWorkflow("test.slow@1", (workflow) =>
    workflow.step("slow", async () => {
      if (++tries.slow < 2) throw new AppError("transaction_too_long");
      return tries.slow;
    }),
  );
  jobs.defineWorkflow("test.wrong@1", (workflow) =>
    workflow.step(
      "wrong",
      async () => {
        tries.wrong++;
        throw new AppError("unknown_dataset");
      },
      { attempts: 5 },
    ),
  );
  jobs.defineWorkflow("test.wait@1", async (workflow) => [await workflow.waitFor("go", 30_000), await workflow.waitFor("never", 20)]);
  jobs.defineWorkflow(
    "test.narrow@1",
    (workflow) =>
      workflow.step("narrow", async () => {
        narrow.most = Math.max(narrow.most, ++narrow.running);
        await new Promise((resolve) => setTimeout(resolve, 30));
        narrow.running--;
      }),
    { concurrency: 1 },
  );
  jobs.defineWorkflow("test.survive@1", async (workflow) => {
    await workflow.step("one", async () => {
      survive.reached.resolve();
      await survive.goOn.promise;
    });
    return workflow.step("two", (step) => store.sql.as(context, (tx) => step.once(tx, async () => "done")));
  });
  jobs.defineWorkflow("test.once@1", (workflow) =>
    workflow.step(
      "effect",
      async (step) => {
        const result = await store.sql.as(context, (tx) => step.once(tx, async () => ({ value: ++runs.effects })));
        // The effect is committed; the step ends before its result is recorded.
        failUntil(++tries.once, 3);
        return result;
      },
      { attempts: 3 },
    ),
  );
  for (const name of ["test.left@1", "test.right@1"] satisfies WorkflowName[]) {
    jobs.defineWorkflow(name, async (_workflow, event: EventInput) => {
      seen.push(event);
      return event.payload;
    });
  }
  jobs.subscribe("thing.happened", "left", "test.left@1");
  jobs.subscribe("thing.happened", "right", "test.right@1");
  jobs.defineWorkflow("test.long@1", async (workflow) => {
    await workflow.step("first", async () => void long.done.push("first"));
    return workflow.step("second", async (step) => {
      long.reached.resolve();
      if (long.patient) await untilAborted(step.signal);
      long.done.push("second");
      return "end";
    });
  });
  jobs.defineWorkflow("test.hang@1", (workflow) => workflow.step("hang", (step) => untilAborted(step.signal)));
  jobs.defineSchedule("test.tick", 20, async () => {
    if (++runs.tick === 2) throw new Error("one run fails, the next comes");
  });
}

/** Fails as something that may pass until it is tried for the nth time. */
function failUntil(tried: number, nth: number): number {
  if (tried < nth) throw new AppError("task_killed");
  return tried;
}

describe("definitions", () => {
  test("are refused twice, and after the start", () => {
    expect(() => jobs.subscribe("thing.happened", "right", "test.right@1")).toThrow(/twice/);
    expect(() => jobs.defineSchedule("test.tick", 20, async () => {})).toThrow(/twice/);
    expect(() => jobs.defineWorkflow("test.late@1", async () => null)).toThrow(/after the start/);
  });
});

describe("a workflow", () => {
  test("runs its steps in order and answers its output", async () => {
    const { workflowId } = await jobs.startWorkflow(context, "test.add@1", { a: 2, b: 3 });
    expect(await jobs.result(workflowId)).toEqual({ sum: 5, who: "system:test" });
    const detail = await jobs.get(context, workflowId);
    expect(detail).toMatchObject({
      id: workflowId,
      name: "test.add@1",
      status: "succeeded",
      node: "node-a",
      input: { a: 2, b: 3 },
      output: { sum: 5 },
      error: null,
    });
    expect(detail.steps.map((step) => step.name)).toEqual(["a", "sleep", "b"]);
    expect((await jobs.list(context, { limit: 10, name: "test.add@1" })).items.map((item) => item.id)).toEqual([workflowId]);
    expect((await jobs.list(context, { limit: 10, name: "test.add@1", status: "failed" })).items).toEqual([]);
  });

  test("is seen by its own project alone", async () => {
    const { workflowId } = await jobs.startWorkflow(context, "test.echo@1", {});
    await jobs.result(workflowId);
    expect((await jobs.list(stranger, { limit: 10 })).items).toEqual([]);
    for (const ask of [
      () => jobs.get(stranger, workflowId),
      () => jobs.cancel(stranger, workflowId),
      () => jobs.signalWorkflow(stranger, workflowId, "topic", 1),
      () => jobs.result("nothing"),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: "unknown_workflow" });
    }
  });

  test("is listed in pages, newest first, each once, also those of one millisecond and while others start", async () => {
    const ids = Array.from({ length: 7 }, (_, n) => `tied-${n}`);
    for (const id of ids) await jobs.startWorkflow(context, "test.echo@1", id, { workflowId: id });
    for (const id of ids) await jobs.result(id);
    const schema = await engineSchema(store.sql);
    await store.sql.owner.query(`update "${schema}".workflow_status set created_at = 1500000000000 where workflow_uuid = any($1)`, [ids]);
    const { workflowId: newest } = await jobs.startWorkflow(context, "test.echo@1", "newest");

    const listed: string[] = [];
    for (let cursor: string | undefined, page = 0; page < 8; page++) {
      const { items, next } = await jobs.list(context, { limit: 3, name: "test.echo@1", cursor });
      listed.push(...items.map((item) => item.id));
      await jobs.startWorkflow(context, "test.echo@1", "later");
      if (next === null) break;
      cursor = next;
    }
    expect(listed.filter((id) => id === newest || id.startsWith("tied-"))).toEqual([newest, ...ids.toReversed()]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test.each(["x", "1", ":id", "-1:id", "1e3:id", "99999999999999999999:id", "1:\u0000"])(
    "is not listed from the cursor %j",
    async (cursor) => {
      await expect(jobs.list(context, { limit: 2, cursor })).rejects.toMatchObject({ code: "invalid_request" });
    },
  );

  test("started twice under one id runs once", async () => {
    await jobs.startWorkflow(context, "test.count@1", {}, { workflowId: "same" });
    await jobs.startWorkflow(context, "test.count@1", {}, { workflowId: "same" });
    await store.sql.as(context, (tx) => jobs.startWorkflowIn(tx, "test.count@1", {}, { workflowId: "same" }));
    expect(await jobs.result("same")).toBe(1);
    expect(runs.count).toBe(1);
  });

  test("enqueued in a transaction runs on commit and never on rollback", async () => {
    const rolledBack = store.sql.as(context, async (tx) => {
      await jobs.startWorkflowIn(tx, "test.echo@1", "lost", { workflowId: "lost" });
      throw new Error("no");
    });
    await expect(rolledBack).rejects.toThrow("no");
    await store.sql.as(context, (tx) => jobs.startWorkflowIn(tx, "test.echo@1", "kept", { workflowId: "kept" }));
    expect(await jobs.result("kept")).toBe("kept");
    await expect(jobs.get(context, "lost")).rejects.toMatchObject({ code: "unknown_workflow" });
  });

  test("refuses two steps of one name, and a start inside a transaction", async () => {
    const { workflowId } = await jobs.startWorkflow(context, "test.twice@1", {});
    await expect(jobs.result(workflowId)).rejects.toThrow(/two steps called "same"/);
    await expect(store.sql.as(context, () => jobs.startWorkflow(context, "test.twice@1", {}))).rejects.toMatchObject({
      code: "nested_transaction",
    });
    await expect(store.sql.system("recovery", (tx) => jobs.startWorkflowIn(tx, "test.twice@1", {}))).rejects.toThrow(/no project/);
  });

  test("that throws is failed, and gives its error back with its code", async () => {
    const { workflowId } = await jobs.startWorkflow(context, "test.fail@1", {});
    await expect(jobs.result(workflowId)).rejects.toMatchObject({
      code: "training_failed",
      message: "Only one label.",
      details: { labels: 1 },
    });
    expect(await jobs.get(context, workflowId)).toMatchObject({
      status: "failed",
      error: "Only one label.",
      steps: [{ name: "fail", status: "failed", error: "Only one label." }],
    });
  });

  test("tries an operational failure again as often as told, and a user's error never", async () => {
    const flaky = await jobs.startWorkflow(context, "test.flaky@1", {});
    const wrong = await jobs.startWorkflow(context, "test.wrong@1", {});
    expect(await jobs.result(flaky.workflowId)).toBe(2);
    await expect(jobs.result(wrong.workflowId)).rejects.toMatchObject({ code: "unknown_dataset" });
    expect(tries.wrong).toBe(1);
    // A transaction that was rolled back for taking too long left nothing behind.
    const slow = await jobs.startWorkflow(context, "test.slow@1", {});
    expect(await jobs.result(slow.workflowId)).toBe(2);
  });

  test("waits for a message, which may come before it asks", async () => {
    await jobs.startWorkflow(context, "test.wait@1", {}, { workflowId: "waits" });
    await jobs.signalWorkflow(context, "waits", "go", { approved: true });
    expect(await jobs.result("waits")).toEqual([{ approved: true }, null]);
  });

  test("runs no more at once than its concurrency allows", async () => {
    const started = await Promise.all([1, 2, 3].map(() => jobs.startWorkflow(context, "test.narrow@1", {})));
    await Promise.all(started.map(({ workflowId }) => jobs.result(workflowId)));
    expect(narrow.most).toBe(1);
  });

  test("survives the death of the database's thread in the middle of a step", async ({ skip }) => {
    if (!("crash" in store.sql)) return skip("only the embedded store has a thread");
    await jobs.startWorkflow(context, "test.survive@1", {}, { workflowId: "survives" });
    await survive.reached.promise;
    (store.sql as unknown as { crash(): void }).crash();
    survive.goOn.resolve();
    expect(await jobs.result("survives")).toBe("done");
    // Notifications are alive again too: a message wakes the waiting workflow.
    await jobs.startWorkflow(context, "test.wait@1", {}, { workflowId: "waits-again" });
    await jobs.signalWorkflow(context, "waits-again", "go", 1);
    expect(await jobs.result("waits-again")).toEqual([1, null]);
  });
});

describe("an effect", () => {
  test("happens once, and a repeat answers what the first stored", async () => {
    const { workflowId } = await jobs.startWorkflow(context, "test.once@1", {});
    expect(await jobs.result(workflowId)).toEqual({ value: 1 });
    expect([runs.effects, tries.once]).toEqual([1, 3]);
  });
});

describe("an event", () => {
  test("starts one workflow for each subscriber, in the transaction that emits it", async () => {
    const rolledBack = store.sql.as(context, async (tx) => {
      await jobs.emit(tx, { type: "thing.happened", subject: "lost", payload: {} });
      throw new Error("no");
    });
    await expect(rolledBack).rejects.toThrow("no");
    await store.sql.as(context, (tx) => jobs.emit(tx, { type: "thing.happened", subject: "a", payload: { n: 1 } }));
    await store.sql.as(context, (tx) => jobs.emit(tx, { type: "nobody.listens", subject: "b", payload: null }));
    const { items } = await jobs.events(context, { limit: 10 });
    expect(items.map((event) => [event.type, event.subject, event.payload])).toEqual([
      ["nobody.listens", "b", null],
      ["thing.happened", "a", { n: 1 }],
    ]);
    const id = items[1]!.id;
    expect(await Promise.all([jobs.result(`${id}:left`), jobs.result(`${id}:right`)])).toEqual([{ n: 1 }, { n: 1 }]);
    expect(seen.map((event) => event.subject)).toEqual(["a", "a"]);
    expect((await jobs.events(stranger, { limit: 10 })).items).toEqual([]);
    const first = await jobs.events(context, { limit: 1 });
    expect((await jobs.events(context, { limit: 1, cursor: first.next! })).items[0]!.subject).toBe("a");
  });
});

describe("cancel and resume", () => {
  test("cancel aborts the running step, keeps what was done, is audited; resume goes on from there", async () => {
    await jobs.startWorkflow(context, "test.long@1", {}, { workflowId: "long" });
    await long.reached.promise;
    expect(await jobs.cancel(context, "long")).toMatchObject({ status: "cancelled" });
    await expect(jobs.cancel(context, "long")).rejects.toMatchObject({ code: "conflict" });
    expect(long.done).toEqual(["first"]);
    long.patient = false;
    expect(await jobs.resume(context, "long")).toMatchObject({ error: null });
    expect(await jobs.result("long")).toBe("end");
    expect(long.done).toEqual(["first", "second"]);
    await expect(jobs.resume(context, "long")).rejects.toMatchObject({ code: "conflict" });
    expect(audited.map((change) => [change.action, change.object])).toEqual([
      ["jobs.cancel", "workflow:long"],
      ["jobs.resume", "workflow:long"],
    ]);
  });

  test("a cancel whose call was lost in a crash is made later", async () => {
    await jobs.startWorkflow(context, "test.hang@1", {}, { workflowId: "hangs" });
    const longAgo = "00000000-0001-7000-8000-000000000000";
    await store.sql.as(context, (tx) =>
      tx.client.query("insert into jobs_intents (project_id, id, workflow_id, action) values ($1, $2, 'hangs', 'cancel')", [
        defaultProjectId,
        longAgo,
      ]),
    );
    await expect.poll(async () => (await jobs.get(context, "hangs")).status, { timeout: 20_000 }).toBe("cancelled");
  });
});

describe("a node", () => {
  test("tells what it has ready, and runs its schedules again and again", async () => {
    const binding = "a".repeat(64);
    await jobs.setNodeStatus({ readyBindings: [binding] });
    expect(await jobs.nodes()).toMatchObject([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: "node-a",
        role: "up",
        alive: true,
        readyBindings: [binding],
        configHash: "0".repeat(64),
      },
    ]);
    await expect.poll(() => runs.tick, { timeout: 20_000 }).toBeGreaterThan(3);
    await expect.poll(async () => (await jobs.schedules())[0]?.lastRunAt ?? null, { timeout: 20_000 }).not.toBeNull();
    expect(await jobs.schedules()).toMatchObject([{ name: "test.tick", everySeconds: 0.02 }]);
  });
});
