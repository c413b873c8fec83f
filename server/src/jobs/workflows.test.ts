import { afterEach, describe, expect, test } from "vitest";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { AppError, type Context, createId, defaultProjectId, silentLogger, systemClock, systemContext } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Tx } from "../storage/index.ts";
import { configSchema, createJobs, type EventInput, type Jobs, type WorkflowName } from "./index.ts";

const context = systemContext("test");
const stranger: Context = { projectId: createId(), principalId: "key:stranger" };
const open: { jobs?: Jobs; store?: TestStore } = {};

interface Harness {
  readonly jobs: Jobs;
  readonly store: TestStore;
  readonly audited: AuditChange[];
}

async function startJobs(define: (harness: Harness) => void): Promise<Harness> {
  const store = (open.store = await createTestStore());
  const audited: AuditChange[] = [];
  const jobs = (open.jobs = createJobs({
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
  }));
  const harness = { jobs, store, audited };
  define(harness);
  await jobs.start("up");
  return harness;
}

afterEach(async () => {
  await open.jobs?.close();
  await open.store?.close();
  delete open.jobs;
  delete open.store;
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

describe("a workflow", () => {
  test("runs its steps in order and answers its output", async () => {
    const { jobs } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow("test.add@1", async (workflow, input: { a: number; b: number }) => {
        const a = await workflow.step("a", async () => input.a);
        await workflow.sleep(5);
        const b = await workflow.step("b", async () => input.b);
        return { sum: a + b, who: workflow.context.principalId };
      });
    });
    const { workflowId } = await jobs.startWorkflow(context, "test.add@1", { a: 2, b: 3 });
    expect(await jobs.result(workflowId)).toEqual({ sum: 5, who: "system:test" });
    const detail = await jobs.get(context, workflowId);
    expect(detail).toMatchObject({ id: workflowId, name: "test.add@1", status: "succeeded", node: "node-a", input: { a: 2, b: 3 }, output: { sum: 5 }, error: null });
    expect(detail.steps.map((step) => step.name)).toEqual(["a", "sleep", "b"]);
    expect((await jobs.list(context, { limit: 10 })).items.map((item) => item.id)).toEqual([workflowId]);
    expect((await jobs.list(context, { limit: 10, status: "failed" })).items).toEqual([]);
  });

  test("is seen by its own project alone", async () => {
    const { jobs } = await startJobs(({ jobs }) => jobs.defineWorkflow("test.noop@1", async () => null));
    const { workflowId } = await jobs.startWorkflow(context, "test.noop@1", {});
    await jobs.result(workflowId);
    expect((await jobs.list(stranger, { limit: 10 })).items).toEqual([]);
    for (const ask of [jobs.get(stranger, workflowId), jobs.cancel(stranger, workflowId), jobs.signalWorkflow(stranger, workflowId, "topic", 1), jobs.result("nothing")]) {
      await expect(ask).rejects.toMatchObject({ code: "unknown_workflow" });
    }
  });

  test("started twice under one id runs once", async () => {
    let runs = 0;
    const { jobs, store } = await startJobs(({ jobs }) => jobs.defineWorkflow("test.count@1", (workflow) => workflow.step("count", async () => ++runs)));
    await jobs.startWorkflow(context, "test.count@1", {}, { workflowId: "same" });
    await jobs.startWorkflow(context, "test.count@1", {}, { workflowId: "same" });
    await store.sql.as(context, (tx) => jobs.startWorkflowIn(tx, "test.count@1", {}, { workflowId: "same" }));
    expect(await jobs.result("same")).toBe(1);
    expect(runs).toBe(1);
  });

  test("enqueued in a transaction runs on commit and never on rollback", async () => {
    const { jobs, store } = await startJobs(({ jobs }) => jobs.defineWorkflow("test.echo@1", async (_workflow, input) => input));
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
    const { jobs, store } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow("test.twice@1", async (workflow) => {
        await workflow.step("same", async () => 1);
        await workflow.step("same", async () => 2);
      });
    });
    const { workflowId } = await jobs.startWorkflow(context, "test.twice@1", {});
    await expect(jobs.result(workflowId)).rejects.toThrow(/two steps called "same"/);
    await expect(store.sql.as(context, () => jobs.startWorkflow(context, "test.twice@1", {}))).rejects.toMatchObject({ code: "nested_transaction" });
    await expect(store.sql.system("recovery", (tx) => jobs.startWorkflowIn(tx, "test.twice@1", {}))).rejects.toThrow(/no project/);
  });

  test("that throws is failed, and gives its error back with its code", async () => {
    const { jobs } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow("test.fail@1", (workflow) =>
        workflow.step("fail", async () => {
          throw new AppError("training_failed", "Only one label.", { details: { labels: 1 } });
        }),
      );
    });
    const { workflowId } = await jobs.startWorkflow(context, "test.fail@1", {});
    await expect(jobs.result(workflowId)).rejects.toMatchObject({ code: "training_failed", message: "Only one label.", details: { labels: 1 } });
    expect(await jobs.get(context, workflowId)).toMatchObject({ status: "failed", error: "Only one label.", steps: [{ name: "fail", status: "failed", error: "Only one label." }] });
  });

  test("tries an operational failure again as often as told, and a user's error never", async () => {
    const tries: Record<string, number> = { flaky: 0, wrong: 0 };
    const { jobs } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow("test.flaky@1", (workflow) =>
        workflow.step(
          "flaky",
          async () => {
            if (++tries["flaky"]! < 2) throw new AppError("task_killed");
            return tries["flaky"];
          },
          { attempts: 2 },
        ),
      );
      jobs.defineWorkflow("test.wrong@1", (workflow) =>
        workflow.step(
          "wrong",
          async () => {
            tries["wrong"]!++;
            throw new AppError("unknown_dataset");
          },
          { attempts: 5 },
        ),
      );
    });
    const flaky = await jobs.startWorkflow(context, "test.flaky@1", {});
    const wrong = await jobs.startWorkflow(context, "test.wrong@1", {});
    expect(await jobs.result(flaky.workflowId)).toBe(2);
    await expect(jobs.result(wrong.workflowId)).rejects.toMatchObject({ code: "unknown_dataset" });
    expect(tries["wrong"]).toBe(1);
  });

  test("waits for a message, which may come before it asks", async () => {
    const { jobs } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow("test.wait@1", async (workflow) => [await workflow.waitFor("go", 30_000), await workflow.waitFor("never", 20)]);
    });
    await jobs.startWorkflow(context, "test.wait@1", {}, { workflowId: "w" });
    await jobs.signalWorkflow(context, "w", "go", { approved: true });
    expect(await jobs.result("w")).toEqual([{ approved: true }, null]);
  });

  test("runs no more at once than its concurrency allows", async () => {
    let running = 0;
    let most = 0;
    const { jobs } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow(
        "test.narrow@1",
        (workflow) =>
          workflow.step("narrow", async () => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setTimeout(resolve, 30));
            running--;
          }),
        { concurrency: 1 },
      );
    });
    const started = await Promise.all([1, 2, 3].map(() => jobs.startWorkflow(context, "test.narrow@1", {})));
    await Promise.all(started.map(({ workflowId }) => jobs.result(workflowId)));
    expect(most).toBe(1);
  });

  test("survives the death of the database's thread in the middle of a step", async ({ skip }) => {
    const reached = deferred();
    const goOn = deferred();
    const { jobs, store } = await startJobs(({ jobs, store: _ }) => {
      jobs.defineWorkflow("test.survive@1", async (workflow) => {
        await workflow.step("one", async () => {
          reached.resolve();
          await goOn.promise;
        });
        return workflow.step("two", (step) => store.sql.as(context, (tx) => step.once(tx, async () => "done")));
      });
    });
    if (!("crash" in store.sql)) return skip("only the embedded store has a thread");
    await jobs.startWorkflow(context, "test.survive@1", {}, { workflowId: "w" });
    await reached.promise;
    (store.sql as unknown as { crash(): void }).crash();
    goOn.resolve();
    expect(await jobs.result("w")).toBe("done");
  });
});

describe("an effect", () => {
  test("happens once, and a repeat answers what the first stored", async () => {
    let effects = 0;
    let tries = 0;
    const { jobs } = await startJobs(({ jobs, ...harness }) => {
      jobs.defineWorkflow("test.once@1", (workflow) =>
        workflow.step(
          "effect",
          async (step) => {
            const effect = (tx: Tx) => step.once(tx, async () => ({ value: ++effects }));
            const result = await open.store!.sql.as(context, effect);
            // The effect is committed, and the step ends before its result is recorded.
            if (++tries < 3) throw new AppError("task_killed");
            return result;
          },
          { attempts: 3 },
        ),
      );
      void harness;
    });
    const { workflowId } = await jobs.startWorkflow(context, "test.once@1", {});
    expect(await jobs.result(workflowId)).toEqual({ value: 1 });
    expect([effects, tries]).toEqual([1, 3]);
  });
});

describe("an event", () => {
  const seen: EventInput[] = [];

  test("starts one workflow for each subscriber, in the transaction that emits it", async () => {
    const names: WorkflowName[] = ["test.left@1", "test.right@1"];
    const { jobs, store } = await startJobs(({ jobs }) => {
      for (const name of names) {
        jobs.defineWorkflow(name, async (_workflow, event: EventInput) => {
          seen.push(event);
          return event.payload;
        });
      }
      jobs.subscribe("thing.happened", "left", "test.left@1");
      jobs.subscribe("thing.happened", "right", "test.right@1");
      expect(() => jobs.subscribe("thing.happened", "right", "test.right@1")).toThrow(/twice/);
    });
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
    expect((await jobs.list(context, { limit: 10 })).items).toHaveLength(2);
    expect((await jobs.events(stranger, { limit: 10 })).items).toEqual([]);
    const first = await jobs.events(context, { limit: 1 });
    expect((await jobs.events(context, { limit: 1, cursor: first.next! })).items[0]!.subject).toBe("a");
  });
});

describe("cancel and resume", () => {
  test("cancel aborts the running step, keeps what was done, is audited; resume goes on from there", async () => {
    const reached = deferred();
    const done: string[] = [];
    let patient = true;
    const { jobs, audited } = await startJobs(({ jobs }) => {
      jobs.defineWorkflow("test.long@1", async (workflow) => {
        await workflow.step("first", async () => void done.push("first"));
        return workflow.step("second", async (step) => {
          reached.resolve();
          if (patient) await untilAborted(step.signal);
          done.push("second");
          return "end";
        });
      });
    });
    await jobs.startWorkflow(context, "test.long@1", {}, { workflowId: "w" });
    await reached.promise;
    expect(await jobs.cancel(context, "w")).toMatchObject({ status: "cancelled" });
    await expect(jobs.cancel(context, "w")).rejects.toMatchObject({ code: "conflict" });
    expect(done).toEqual(["first"]);
    patient = false;
    expect(await jobs.resume(context, "w")).toMatchObject({ status: "queued", error: null });
    expect(await jobs.result("w")).toBe("end");
    expect(done).toEqual(["first", "second"]);
    await expect(jobs.resume(context, "w")).rejects.toMatchObject({ code: "conflict" });
    expect(audited.map((change) => [change.action, change.object])).toEqual([
      ["jobs.cancel", "workflow:w"],
      ["jobs.resume", "workflow:w"],
    ]);
  });

  test("a cancel whose call was lost in a crash is made later", async () => {
    const { jobs, store } = await startJobs(({ jobs }) => jobs.defineWorkflow("test.hang@1", (workflow) => workflow.step("hang", (step) => untilAborted(step.signal))));
    await jobs.startWorkflow(context, "test.hang@1", {}, { workflowId: "w" });
    const longAgo = createId({ now: () => 1 });
    await store.sql.as(context, (tx) => tx.client.query("insert into jobs_intents (project_id, id, workflow_id, action) values ($1, $2, 'w', 'cancel')", [defaultProjectId, longAgo.replace(/^.{8}/, "00000000")]));
    await expect.poll(async () => (await jobs.get(context, "w")).status, { timeout: 20_000 }).toBe("cancelled");
  });
});

describe("a node", () => {
  test("tells what it has ready, and runs its schedules again and again", async () => {
    let runs = 0;
    const { jobs } = await startJobs(({ jobs }) => {
      jobs.defineSchedule("test.tick", 20, async () => {
        if (++runs === 2) throw new Error("one run fails, the next comes");
      });
      expect(() => jobs.defineSchedule("test.tick", 20, async () => {})).toThrow(/twice/);
    });
    const binding = "a".repeat(64);
    await jobs.setNodeStatus({ readyBindings: [binding] });
    expect(await jobs.nodes()).toMatchObject([{ id: "node-a", role: "up", alive: true, readyBindings: [binding], configHash: "0".repeat(64) }]);
    await expect.poll(() => runs, { timeout: 20_000 }).toBeGreaterThan(3);
    await expect.poll(async () => (await jobs.schedules())[0]?.lastRunAt ?? null, { timeout: 20_000 }).not.toBeNull();
    expect(await jobs.schedules()).toMatchObject([{ name: "test.tick", everySeconds: 0.02 }]);
  });
});
