import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createNotes, newContext, writeNote } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { createManualClock, silentLogger, systemClock } from "../../core/index.ts";
import type { HotState, Sql } from "../types.ts";
import { createHotState } from "./hot-state.ts";

let store: TestStore;
beforeAll(async () => {
  store = await createTestStore();
  await createNotes(store.sql);
});
afterAll(() => store.close());

let hotState: HotState | undefined;
let alice = newContext("alice");
beforeEach(() => {
  alice = newContext("alice");
});
afterEach(() => hotState?.close());

/** Counts alice's notes at every load. */
function watchNotes(state: HotState): { loads: string[] } {
  const loads: string[] = [];
  state.register("notes", async (tx) => {
    const { rows } = await tx.client.query<{ n: string }>("select count(*) as n from notes where project_id = $1", [alice.projectId]);
    loads.push(rows[0]!.n);
  });
  return { loads };
}

/** The same store, where LISTEN is refused. */
function withoutNotifications(sql: Sql): Sql {
  return { ...sql, listen: () => Promise.reject(new Error("notifications are blocked")) };
}

describe("hot state", () => {
  test("loads at start, and again when a watched table changes, woken by a notification", async () => {
    hotState = createHotState({ sql: store.sql, clock: systemClock, logger: silentLogger, pollMs: 600_000 });
    const { loads } = watchNotes(hotState);
    await hotState.start();
    expect(loads).toEqual(["0"]);
    const before = hotState.version();
    await writeNote(store.sql, alice, "new");
    await expect.poll(() => loads.at(-1)).toBe("1");
    expect(hotState.version()).toBeGreaterThan(before);
  });

  test("finds a change by looking where notifications are blocked", async () => {
    hotState = createHotState({ sql: withoutNotifications(store.sql), clock: systemClock, logger: silentLogger, pollMs: 20 });
    const { loads } = watchNotes(hotState);
    await hotState.start();
    await writeNote(store.sql, alice, "new");
    await expect.poll(() => loads.at(-1)).toBe("1");
  });

  test("does not load again when nothing changed, nor after a transaction that was rolled back", async () => {
    hotState = createHotState({ sql: store.sql, clock: systemClock, logger: silentLogger });
    const { loads } = watchNotes(hotState);
    await hotState.start();
    const lost = store.sql.as(alice, async (tx) => {
      await tx.client.query("insert into notes values ($1, $1, 'lost')", [alice.projectId]);
      throw new Error("changed my mind");
    });
    await expect(lost).rejects.toThrow("changed my mind");
    await hotState.refresh();
    await hotState.refresh();
    expect(loads).toEqual(["0"]);
  });

  test("keeps what it knew when a load fails, ages, and recovers", async () => {
    const clock = createManualClock(1_000_000);
    hotState = createHotState({ sql: store.sql, clock, logger: silentLogger, pollMs: 600_000 });
    let fail = false;
    let known = "";
    hotState.register("notes", async () => {
      if (fail) throw new Error("cannot load");
      known += "x";
    });
    await hotState.start();
    fail = true;
    await writeNote(store.sql, alice, "new");
    clock.advance(2000);
    await expect(hotState.refresh()).rejects.toThrow("cannot load");
    expect([known, hotState.ageMs()]).toEqual(["x", 2000]);
    fail = false;
    await hotState.refresh();
    expect([known, hotState.ageMs()]).toEqual(["xx", 0]);
  });

  test("a node serves on what it knows for five minutes, then says state_stale", async () => {
    const clock = createManualClock(1_000_000);
    let away = false;
    const sql: Sql = {
      ...store.sql,
      system: (reason, run) => (away ? Promise.reject(new Error("no route to host")) : store.sql.system(reason, run)),
    };
    hotState = createHotState({ sql, clock, logger: silentLogger, pollMs: 600_000 });
    await hotState.start();
    away = true;
    clock.advance(5 * 60_000);
    await expect(hotState.refresh()).rejects.toThrow("no route to host");
    hotState.assertFresh();
    clock.advance(1);
    expect(() => hotState!.assertFresh()).toThrow(expect.objectContaining({ code: "state_stale", status: 503 }));
    away = false;
    await hotState.refresh();
    hotState.assertFresh();
  });

  test("what is registered after the start is loaded at the next look", async () => {
    hotState = createHotState({ sql: store.sql, clock: systemClock, logger: silentLogger, pollMs: 20 });
    await hotState.start();
    const { loads } = watchNotes(hotState);
    await expect.poll(() => loads).toEqual(["0"]);
  });

  test("many wishes at once make few looks, and the last wish sees the last change", async () => {
    hotState = createHotState({ sql: store.sql, clock: systemClock, logger: silentLogger, pollMs: 600_000 });
    const { loads } = watchNotes(hotState);
    await hotState.start();
    await writeNote(store.sql, alice, "new");
    await Promise.all(Array.from({ length: 50 }, () => hotState!.refresh()));
    expect(loads.at(-1)).toBe("1");
    expect(loads.length).toBeLessThan(10);
  });
});

describe("listening", () => {
  test("hears a notification sent on commit, and nothing after it stopped", async () => {
    const heard: string[] = [];
    const stop = await store.sql.listen("millrace_test", (payload) => heard.push(payload));
    await store.sql.as(alice, (tx) => tx.client.query("select pg_notify('millrace_test', 'one')"));
    await expect.poll(() => heard).toEqual(["one"]);
    await stop();
    await store.sql.owner.query("select pg_notify('millrace_test', 'two')");
    await store.sql.health();
    expect(heard).toEqual(["one"]);
  });
});
