import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { context, createReleaseWorld, type ReleaseWorld } from "../../test/release-world.ts";
import { AppError, createId, createManualClock } from "../core/index.ts";
import { describeHours, retrainingConfigOf } from "./config.ts";
import { holdStage } from "./hold-stage.ts";
import { insertRelease } from "./repository.ts";
import type { RetrainOutcome } from "./retrain.ts";
import type { ReleaseDeps, Retraining } from "./types.ts";

let world: ReleaseWorld;

beforeAll(async () => {
  world = await createReleaseWorld();
});

afterAll(async () => {
  await world?.close();
});

beforeEach(async () => {
  Object.assign(world.script, { verdict: "pass", trainingError: null, labels: 0, alerts: [], ready: null });
  world.audited.length = 0;
});

afterEach(async () => {
  // Each test begins as after a first start.
  await world.store.sql.as(context, async (tx) => {
    for (const table of [
      "release_releases",
      "release_retrainings",
      "functions_arms",
      "functions_inferences",
      "functions_shadows",
      "feedback_labels",
    ]) {
      await tx.client.query(`delete from ${table} where project_id = $1`, [tx.projectId]);
    }
  });
});

async function startRetraining(): Promise<Retraining> {
  await world.firstStart();
  return world.release.startRetraining(context, { function: "triage", reason: "test" });
}

async function reach(id: string, stage: Retraining["stage"]): Promise<Retraining> {
  await expect.poll(async () => (await world.release.getRetraining(context, id)).stage, { timeout: 30_000 }).toBe(stage);
  return world.release.getRetraining(context, id);
}

async function roles(): Promise<string[]> {
  return (await world.arms()).map((arm) => `${arm.role} ${arm.share}`);
}

describe("a retraining", () => {
  test("goes from data to traffic: shadow, canary, promotion, each audited; the one before is compared on later labels, then retired", async () => {
    const { id } = await startRetraining();
    const shadowed = await reach(id, "shadow");
    expect(shadowed).toMatchObject({
      workflowId: id,
      trigger: "asked for: test",
      dataset: "mail@2",
      verdict: "pass",
      promoted: false,
      after: null,
    });
    const version = shadowed.modelVersion!;
    expect(await roles()).toEqual(["stable 1", "shadow 0"]);
    await world.serve(20);
    await reach(id, "canary");
    expect(await roles()).toEqual(["stable 0.9", "canary 0.1"]);
    await world.serve(20);
    expect(await reach(id, "promoted")).toMatchObject({ promoted: true, after: null });
    expect(world.champions.at(-1)).toBe(version);
    expect(await roles()).toEqual(["stable 1", "shadow 0"]);
    await world.serve(25, { label: "ham", shadowLabel: "spam" });
    await world.serve(5, { label: "spam", shadowLabel: "ham" });
    const { after } = await world.release.getRetraining(context, id);
    expect(after).toMatchObject({
      champion: { n: 30, value: 25 / 30 },
      previous: { n: 30, value: 5 / 30 },
      difference: { n: 30, value: 20 / 30 },
    });
    expect(await world.jobs.result<RetrainOutcome>(id)).toMatchObject({ end: "promoted" });
    expect(await roles()).toEqual(["stable 1"]);

    const releases = await world.release.list(context, "triage");
    expect(releases.map((each) => each.before)).toEqual(["triage@1", null, null]);
    expect(releases.map((each) => [each.stage, each.active, each.requests, each.holdRequests])).toEqual([
      ["promoted", true, 30, null],
      ["canary", false, 20, 20],
      ["shadow", false, 20, 20],
    ]);
    expect(world.audited.map((change) => change.action)).toEqual(
      expect.arrayContaining([
        "release.retrain",
        "release.retraining",
        "release.shadow",
        "release.canary",
        "release.promote",
        "release.retire",
      ]),
    );
    expect((await world.jobs.events(context, { limit: 10 })).items.map((event) => event.type)).toEqual(
      expect.arrayContaining(["release.shadow", "release.canary", "release.promoted"]),
    );
  });

  test.each(["fail", "inconclusive"] as const)(
    "ends at the gate when the verdict is %s, with the reason, and touches no traffic",
    async (verdict) => {
      world.script.verdict = verdict;
      const { id } = await startRetraining();
      expect(await world.jobs.result<RetrainOutcome>(id)).toEqual({ end: "stopped", reason: `It is a ${verdict}.` });
      expect(await world.release.getRetraining(context, id)).toMatchObject({
        stage: "stopped",
        verdict,
        promoted: false,
        reason: `It is a ${verdict}.`,
      });
      expect(await roles()).toEqual(["stable 1"]);
      expect(await world.release.list(context, "triage")).toEqual([]);
    },
  );

  test("runs alone for its function, and another may follow", async () => {
    const { id } = await startRetraining();
    await expect(world.release.startRetraining(context, { function: "triage", reason: "again" })).rejects.toMatchObject({
      code: "release_in_progress",
    });
    await reach(id, "shadow");
    await world.release.rollback(context, "triage", "enough");
    world.script.verdict = "fail";
    const next = await world.release.startRetraining(context, { function: "triage", reason: "again" });
    await reach(next.id, "stopped");
    expect((await world.release.listRetrainings(context, "triage")).map((each) => each.id)).toEqual([next.id, id]);
  });

  test("that fails says why, and leaves traffic where it was", async () => {
    world.script.trainingError = new AppError("training_failed", "Only one label.");
    const { id } = await startRetraining();
    await expect(world.jobs.result(id)).rejects.toMatchObject({ code: "training_failed" });
    expect(await world.release.getRetraining(context, id)).toMatchObject({
      stage: "failed",
      reason: "Only one label. (training_failed)",
      promoted: false,
    });
  });

  test("goes back when the shadow fails", async () => {
    const { id } = await startRetraining();
    await reach(id, "shadow");
    await world.serve(10, { shadowError: true });
    expect(await reach(id, "rolled-back")).toMatchObject({ reason: expect.stringMatching(/fails too often: 100\.0% of 10/) as string });
    expect(await roles()).toEqual(["stable 1"]);
  });

  test("goes back when the canary does clearly worse, before its hold is over", async () => {
    const { id } = await startRetraining();
    await reach(id, "shadow");
    await world.serve(20);
    await reach(id, "canary");
    await world.serve(16, { fallbackOnCanary: true });
    expect(await reach(id, "rolled-back")).toMatchObject({
      promoted: false,
      reason: expect.stringMatching(/falls back more often/) as string,
    });
    expect(await roles()).toEqual(["stable 1"]);
    expect((await world.release.list(context, "triage"))[0]).toMatchObject({ stage: "rolled-back", active: true });
  });

  test.each(["shadow", "canary"] as const)(
    "ends inconclusive when its %s lacks requests for too long, and traffic is as before",
    async (stage) => {
      const { id } = await startRetraining();
      const before = await world.arms();
      await reach(id, "shadow");
      await world.serve(stage === "shadow" ? 12 : 20);
      await reach(id, stage);
      if (stage === "canary") await world.serve(12);
      world.script.aheadMs += 7 * 24 * 3_600_000;
      const reason = `Inconclusive: 12 of 20 requests in ${stage} within 7 days, 8 are missing.`;
      expect(await reach(id, "inconclusive")).toMatchObject({ promoted: false, verdict: "pass", reason });
      expect(await world.jobs.result<RetrainOutcome>(id)).toEqual({ end: "inconclusive", reason });
      expect(await world.arms()).toEqual(
        before.map((arm) => expect.objectContaining({ binding: arm.binding, role: "stable", share: 1 }) as object),
      );
      const [last] = await world.release.list(context, "triage");
      expect(last).toMatchObject({ stage: "rolled-back", active: true, reason });
      expect(world.audited.filter((change) => change.action === "release.roll-back")).toHaveLength(1);
      expect(world.audited.at(-1)).toMatchObject({
        action: "release.retraining",
        after: { retraining: id, stage: "inconclusive", reason },
      });
      world.script.verdict = "fail";
      const next = await world.release.startRetraining(context, { function: "triage", reason: "again" });
      await reach(next.id, "stopped");
    },
  );

  test("is promoted however long it took once its requests are there, and then compared for so long at most", async () => {
    const { id } = await startRetraining();
    await reach(id, "shadow");
    await world.serve(20);
    await reach(id, "canary");
    await world.serve(20);
    await reach(id, "promoted");
    await world.serve(3);
    world.script.aheadMs += 7 * 24 * 3_600_000;
    expect(await world.jobs.result<RetrainOutcome>(id)).toMatchObject({ end: "promoted" });
    expect(await roles()).toEqual(["stable 1"]);
  });

  test("names the node that does not load the binding, and goes back", async () => {
    world.script.ready = [];
    const { id } = await startRetraining();
    expect(await reach(id, "rolled-back")).toMatchObject({
      reason: expect.stringMatching(/^node-a did not load triage@\d+ within 1 s\.$/) as string,
    });
  });

  test("that is cancelled lets go of the traffic and of the next one's place", async () => {
    const { id } = await startRetraining();
    await reach(id, "shadow");
    await world.jobs.cancel(context, id);
    expect(await reach(id, "stopped")).toMatchObject({ reason: "Its workflow was cancelled." });
    expect(await roles()).toEqual(["stable 1"]);
  });

  test("is started by enough new labels, and by an alert once there are some", async () => {
    await world.firstStart();
    world.script.verdict = "fail";
    world.script.labels = 199;
    world.script.alerts = [
      { id: createId(), title: "Too slow", cause: "latency", workflowId: null },
      { id: createId(), title: "Labels drift", cause: "label-share", workflowId: null },
    ];
    await world.jobs.result(await emitAlert());
    expect(await world.release.listRetrainings(context, "triage")).toEqual([]);
    world.script.labels = 200;
    await expect
      .poll(async () => (await world.release.listRetrainings(context, "triage"))[0]?.trigger, { timeout: 30_000 })
      .toBe("alert: Labels drift");
    const [first] = await world.release.listRetrainings(context, "triage");
    await expect.poll(() => world.script.alerts[1]!.workflowId, { timeout: 30_000 }).toBe(first!.id);
    // What data cannot mend is left alone.
    expect(world.script.alerts[0]!.workflowId).toBeNull();
    await reach(first!.id, "stopped");
    world.script.labels = 1000;
    await expect
      .poll(async () => (await world.release.listRetrainings(context, "triage"))[0]?.trigger, { timeout: 30_000 })
      .toBe("1000 new labels");
    world.script.labels = 0;
    await reach((await world.release.listRetrainings(context, "triage"))[0]!.id, "stopped");
  });

  async function emitAlert(): Promise<string> {
    await world.store.sql.as(context, (tx) =>
      world.jobs.emit(tx, { type: "monitoring.alert-opened", subject: "function:triage", payload: { function: "triage" } }),
    );
    const { items } = await world.jobs.events(context, { limit: 1 });
    return `${items[0]!.id}:release`;
  }
});

describe("a rollback", () => {
  test("in a canary ends the retraining and goes back to the stable binding", async () => {
    const { id } = await startRetraining();
    await reach(id, "shadow");
    await world.serve(20);
    await reach(id, "canary");
    const back = await world.release.rollback(context, "triage", "people complain");
    expect(back).toMatchObject({ stage: "rolled-back", active: true, reason: "people complain" });
    expect(await roles()).toEqual(["stable 1"]);
    expect(await world.jobs.result<RetrainOutcome>(id)).toMatchObject({ end: "superseded" });
    expect(await world.release.getRetraining(context, id)).toMatchObject({ stage: "rolled-back", reason: "people complain" });
  });

  test("after a promotion brings the binding before and its alias back, and there is an end to going back", async () => {
    const { id } = await startRetraining();
    const [first] = await world.arms();
    await reach(id, "shadow");
    await world.serve(20);
    await reach(id, "canary");
    await world.serve(20);
    await reach(id, "promoted");
    await world.release.rollback(context, "triage", "it was better before");
    expect(await world.arms()).toMatchObject([{ binding: first!.binding, role: "stable", share: 1 }]);
    expect(world.champions.at(-1)).toBe(1);
    await expect(world.release.rollback(context, "triage", "further")).rejects.toMatchObject({ code: "unknown_release" });
    expect(await world.jobs.result<RetrainOutcome>(id)).toMatchObject({ end: "promoted" });
    expect(await world.arms()).toMatchObject([{ binding: first!.binding, role: "stable", share: 1 }]);
  });
});

describe("the binding before", () => {
  test("goes on being compared while the next challenger is tried, and while that one goes back", async () => {
    const { id } = await startRetraining();
    await reach(id, "shadow");
    await world.serve(20);
    await reach(id, "canary");
    await world.serve(20);
    await reach(id, "promoted");
    const [champion, previous] = await world.arms();
    const next = await world.release.startRetraining(context, { function: "triage", reason: "again" });
    await reach(next.id, "shadow");
    expect((await world.arms()).map((arm) => arm.role)).toEqual(["stable", "shadow", "shadow"]);
    expect((await world.arms())[2]!.binding).toBe(previous!.binding);
    await world.release.rollback(context, "triage", "not now");
    expect((await world.arms()).map((arm) => arm.binding)).toEqual([champion!.binding, previous!.binding]);
    await world.serve(30);
    expect((await world.release.getRetraining(context, id)).after).toMatchObject({ champion: { n: 30 } });
    expect(await world.jobs.result<RetrainOutcome>(id)).toMatchObject({ end: "promoted" });
    expect(await roles()).toEqual(["stable 1"]);
  });
});

describe("a first version of a model", () => {
  test("becomes the stable binding of the function that waited for it; later ones must earn it", async () => {
    await world.store.sql.as(context, (tx) =>
      world.jobs.emit(tx, { type: "models.version-registered", subject: "triage@1", payload: { model: "triage", version: 1 } }),
    );
    await expect.poll(roles, { timeout: 30_000 }).toEqual(["stable 1"]);
    expect((await world.release.list(context, "triage"))[0]).toMatchObject({
      stage: "stable",
      active: true,
      arms: [{ label: "triage@1" }],
    });
    await world.store.sql.as(context, (tx) =>
      world.jobs.emit(tx, { type: "models.version-registered", subject: "triage@2", payload: { model: "triage", version: 2 } }),
    );
    const { items } = await world.jobs.events(context, { limit: 1 });
    expect(await world.jobs.result(`${items[0]!.id}:release`)).toEqual([]);
    expect(await world.release.list(context, "triage")).toHaveLength(1);
  });
});

describe("what cannot be", () => {
  test("is refused with its name", async () => {
    await expect(world.release.list(context, "nothing")).rejects.toMatchObject({ code: "unknown_function" });
    await expect(world.release.getRetraining(context, createId())).rejects.toMatchObject({ code: "not_found" });
    expect(() => retrainingConfigOf({ name: "f", retraining: { dataset: "d", shadowRequests: 0 } } as never)).toThrow(
      /functions\.f\.retraining\.shadowRequests/,
    );
    expect(retrainingConfigOf({ name: "f", retraining: {} } as never)).toBeNull();
    expect([0.5, 1, 36, 47.5, 48, 168].map(describeHours)).toEqual(["30 minutes", "1 hour", "36 hours", "47.5 hours", "2 days", "7 days"]);
  });
});

describe("holding a stage", () => {
  const began = Date.parse("2026-01-01T00:00:00Z");
  const maximumMs = 3_600_000;
  const clock = createManualClock(began);
  const release = createId(clock);
  let looks = 0;
  const counted = {
    now: () => {
      looks++;
      return clock.now();
    },
  };

  beforeEach(async () => {
    const arms = [{ binding: "b", variant: "v", label: "v", role: "stable", share: 1 }] as const;
    const row = { id: release, function: "triage", arms, beforeStable: null, retrainingId: null, holdRequests: 2, reason: "test" };
    await world.store.sql.as(context, (tx) => insertRelease(tx, { ...row, stage: "canary" }));
  });

  async function serveAt(time: number): Promise<void> {
    await world.store.sql.as(context, (tx) =>
      tx.client.query(
        `insert into functions_inferences (project_id, id, function, status, variant, binding, arm, release_id, fallback, label, latency_ms, caller, recorded_at, occurred_at)
         values ($1, $2, 'triage', 'ok', 'v', 'b', 'stable', $3, false, 'ham', 3, 'test', now(), now())`,
        [tx.projectId, createId({ now: () => time }), release],
      ),
    );
  }

  /** As a process would that starts now: nothing is remembered of earlier looks. */
  function hold() {
    const signal = AbortSignal.timeout(20_000);
    const look = async () => ({ harm: null, note: "fine" });
    return holdStage(context, { function: "triage", release, requests: 2, maximumMs, look, signal }, {
      sql: world.store.sql,
      clock: counted,
    } as ReleaseDeps);
  }

  test("the time of a stage runs from its row, also while no process looks; requests that are there count more than time", async () => {
    await serveAt(began + 1000);
    clock.set(began + maximumMs);
    expect(await hold()).toEqual({ end: "expired", requests: 1 });
    expect(await hold()).toEqual({ end: "expired", requests: 1 });
    await serveAt(began + 2000);
    expect(await hold()).toEqual({ end: "held", requests: 2, note: "fine" });
  });

  test("a stage whose time is not over goes on waiting", async () => {
    clock.set(began + maximumMs - 1);
    let ended = false;
    const held = hold().finally(() => (ended = true));
    looks = 0;
    await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(ended).toBe(false);
    clock.advance(1);
    expect(await held).toEqual({ end: "expired", requests: 0 });
  });
});
