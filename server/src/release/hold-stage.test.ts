import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { createId, createManualClock, systemContext } from "../core/index.ts";
import { holdStage } from "./hold-stage.ts";
import { insertRelease } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

const context = systemContext("test");
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
let store: TestStore;

beforeAll(async () => {
  store = await createTestStore();
  const arms = [{ binding: "b", variant: "v", label: "v", role: "stable", share: 1 }] as const;
  const row = { id: release, function: "triage", arms, beforeStable: null, retrainingId: null, holdRequests: 2, reason: "test" };
  await store.sql.as(context, (tx) => insertRelease(tx, { ...row, stage: "canary" }));
});

afterAll(() => store?.close());

async function serveAt(time: number): Promise<void> {
  await store.sql.as(context, (tx) =>
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
    sql: store.sql,
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
  await store.sql.as(context, (tx) => tx.client.query("delete from functions_inferences where project_id = $1", [tx.projectId]));
  clock.set(began + maximumMs - 1);
  let ended = false;
  const held = hold().finally(() => (ended = true));
  looks = 0;
  await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(1);
  expect(ended).toBe(false);
  clock.advance(1);
  expect(await held).toEqual({ end: "expired", requests: 0 });
});
