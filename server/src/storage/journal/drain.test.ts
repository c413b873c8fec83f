import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memoryStore, openDrain, openJournal } from "../../../test/journal.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { createCarrier } from "./carrier.ts";
import { createDrain } from "./drain.ts";
import { isTransient } from "./store-records.ts";
import type { Journal } from "./types.ts";

async function append(journal: Journal, ids: readonly string[], type = "inference"): Promise<void> {
  await Promise.all(ids.map((id) => journal.append({ type, id, projectId: "p" })));
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

async function eventually(check: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400 && !check(); attempt++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(check()).toBe(true);
}

describe("the drain", () => {
  test("stores records in order, in batches, and removes the segments it is done with", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder, { segmentBytes: 8192 });
    const store = memoryStore();
    const ids = names("id", 2000);
    for (let index = 0; index < ids.length; index += 100) await append(journal, ids.slice(index, index + 100));
    expect((await readdir(join(folder, "node"))).length).toBeGreaterThan(10);
    const drain = openDrain(journal, store, { config: { batchRecords: 300 } });
    await drain.idle();
    expect([...store.rows.keys()]).toEqual(ids);
    expect(store.rows.get("id-7")).toMatchObject({ type: "inference", projectId: "p", interrupted: false, record: { v: 1, id: "id-7" } });
    expect(journal.stats()).toMatchObject({ accepted: 2000, stored: 2000, rejected: 0, backlog: 0, oldestAgeMs: 0 });
    expect((await readdir(join(folder, "node"))).filter((name) => name.endsWith(".log"))).toHaveLength(1);
    await drain.close();
    await journal.close();
  });

  test("stores a record that is written while it runs without being asked", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await append(journal, ["one"]);
    await eventually(() => store.rows.has("one"));
    await append(journal, ["two"]);
    await eventually(() => store.rows.has("two"));
    await drain.close();
    await journal.close();
  });

  test("leaves nothing of a quiet node's records on the disk once they are stored", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder, { segmentMs: 20 });
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await append(journal, ["one", "two"]);
    const segments = async () => (await readdir(join(folder, "node"))).filter((name) => name.endsWith(".log"));
    await expect.poll(segments, { timeout: 10_000 }).toEqual([]);
    expect([...store.rows.keys()]).toEqual(["one", "two"]);
    expect(journal.stats()).toMatchObject({ accepted: 2, stored: 2, backlog: 0, bytes: 0 });
    await append(journal, ["three"]);
    await eventually(() => store.rows.has("three"));
    await drain.close();
    await journal.close();
  });

  test("goes on after a restart where it stopped", async () => {
    const folder = await temporaryFolder();
    const store = memoryStore();
    for (const round of ["a", "b", "c"]) {
      const { journal } = await openJournal(folder);
      const before = store.state.written;
      await append(journal, names(round, 10));
      const drain = openDrain(journal, store);
      await drain.idle();
      expect(store.state.written).toBe(before + (round === "a" ? 10 : 11));
      await drain.close();
      await append(journal, [`late-${round}`]);
      expect(journal.stats().backlog).toBe(1);
      await journal.close();
    }
    const { journal } = await openJournal(folder);
    const drain = openDrain(journal, store);
    await drain.idle();
    expect(store.rows.size).toBe(33);
    expect(journal.stats()).toMatchObject({ accepted: 33, stored: 33, backlog: 0 });
    await drain.close();
    await journal.close();
  });

  test("isolates poison: the others are stored, it is counted and kept with its reason, over a restart too", async () => {
    const folder = await temporaryFolder();
    const { journal, incidents } = await openJournal(folder);
    const store = memoryStore();
    await append(journal, [...names("good", 100), "bad-1", ...names("fine", 100), "bad-2"]);
    const drain = openDrain(journal, store, { poison: (id) => id.startsWith("bad") });
    await drain.idle();
    expect(store.rows.size).toBe(200);
    expect(journal.stats()).toMatchObject({ accepted: 202, stored: 200, rejected: 2, backlog: 0 });
    expect(incidents.map(({ kind }) => kind)).toEqual(["record_rejected"]);
    const log = (await readFile(join(folder, "node", "rejected.log"), "utf8")).trim().split("\n");
    expect(log.map((line) => JSON.parse(line))).toMatchObject([
      { reason: "bad-1 is poison", record: { id: "bad-1", projectId: "p" } },
      { reason: "bad-2 is poison", record: { id: "bad-2" } },
    ]);
    await drain.close();
    await journal.close();
    const again = await openJournal(folder);
    expect(again.journal.stats()).toMatchObject({ accepted: 202, stored: 200, rejected: 2, backlog: 0 });
    await again.journal.close();
  });

  test("rejects what no sink takes and what is not JSON", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    const store = memoryStore();
    await append(journal, ["stray"], "unheard-of");
    await journal.appendSerialized("inference", "broken", "{not json}");
    await append(journal, ["good"]);
    const drain = openDrain(journal, store);
    await drain.idle();
    expect([...store.rows.keys()]).toEqual(["good"]);
    expect(journal.stats()).toMatchObject({ accepted: 3, stored: 1, rejected: 2, backlog: 0 });
    await drain.close();
    await journal.close();
  });

  test("waits while the database is away, rejects nothing, and the journal carries on", async () => {
    const { journal, incidents } = await openJournal(await temporaryFolder());
    const store = memoryStore();
    store.state.away = true;
    const drain = openDrain(journal, store, { config: { maxBackoffMs: 20 } });
    await append(journal, names("id", 10));
    await eventually(() => store.state.transactions >= 3);
    await append(journal, names("more", 10));
    expect(journal.stats()).toMatchObject({ accepted: 20, stored: 0, rejected: 0, backlog: 20 });
    store.state.away = false;
    await drain.idle();
    expect(journal.stats()).toMatchObject({ accepted: 20, stored: 20, rejected: 0, backlog: 0 });
    expect(incidents.map(({ kind }) => kind)).toEqual(["drain_blocked"]);
    await drain.close();
    await journal.close();
  });

  test("stands still between pause and resume", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await drain.pause();
    await append(journal, names("id", 10));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(store.rows.size).toBe(0);
    drain.resume();
    await drain.idle();
    expect(store.rows.size).toBe(10);
    await drain.close();
    await journal.close();
  });

  test("closes at once while the database is away", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    const store = memoryStore();
    store.state.away = true;
    const drain = openDrain(journal, store, { config: { maxBackoffMs: 3_600_000 } });
    await append(journal, ["one"]);
    await eventually(() => store.state.transactions >= 1);
    await drain.close();
    await journal.close();
  });

  test("gives each sink its own records, in one transaction", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    const seen: string[] = [];
    const sinkFor = (type: string) => ({
      type,
      write: async (_tx: number, records: readonly { id: string }[]) => void seen.push(`${type}: ${records.map(({ id }) => id).join(" ")}`),
    });
    await append(journal, ["a"]);
    await append(journal, ["b"], "feedback");
    await append(journal, ["c"]);
    let transactions = 0;
    const sql = { system: <T>(_reason: "drain", work: (tx: number) => Promise<T>) => work(++transactions) };
    const drain = createDrain({ journal, carrier: createCarrier({ sql, sinks: [sinkFor("inference"), sinkFor("feedback")] }) });
    await drain.idle();
    expect(seen).toEqual(["inference: a c", "feedback: b"]);
    expect(transactions).toBe(1);
    await drain.close();
    await journal.close();
  });
});

describe("a record in two frames", () => {
  test("is stored once, when it is closed, with what both say", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await journal.append({ type: "inference.opened", id: "stream", projectId: "p", prompt: "hello", status: "running" });
    await append(journal, ["plain"]);
    await drain.idle();
    expect([...store.rows.keys()]).toEqual(["plain"]);
    expect(journal.stats()).toMatchObject({ accepted: 2, stored: 1, backlog: 1 });
    await journal.append({ type: "inference.closed", id: "stream", projectId: "p", status: "ok" });
    await drain.idle();
    expect(store.rows.get("stream")).toMatchObject({ type: "inference", interrupted: false, record: { prompt: "hello", status: "ok" } });
    expect(journal.stats()).toMatchObject({ accepted: 2, stored: 2, backlog: 0 });
    await drain.close();
    await journal.close();
  });

  test("that was never closed is stored as interrupted after a restart, drained before it or not", async () => {
    for (const drainFirst of [true, false]) {
      const folder = await temporaryFolder();
      const store = memoryStore();
      const first = await openJournal(folder);
      await first.journal.append({ type: "inference.opened", id: "cut", projectId: "p", prompt: "hello" });
      await first.journal.append({ type: "inference.opened", id: "whole", projectId: "p" });
      await first.journal.append({ type: "inference.closed", id: "whole", projectId: "p", status: "ok" });
      if (drainFirst) {
        const drain = openDrain(first.journal, store);
        await drain.idle();
        await drain.close();
      }
      await first.journal.close();
      const second = await openJournal(folder);
      await append(second.journal, ["new"]);
      const drain = openDrain(second.journal, store);
      await drain.idle();
      expect(store.rows.get("cut")).toMatchObject({
        type: "inference",
        interrupted: true,
        record: { prompt: "hello", status: "interrupted" },
      });
      expect(store.rows.get("whole")).toMatchObject({ interrupted: false, record: { status: "ok" } });
      expect(second.journal.stats()).toMatchObject({ accepted: 3, stored: 3, rejected: 0, backlog: 0 });
      await drain.close();
      await second.journal.close();
    }
  });
});

describe("the folder of a node that is gone", () => {
  test("that went after this one started is taken when asked, and counted once however often that happens", async () => {
    const folder = await temporaryFolder();
    const leaving = await openJournal(folder, {}, "leaving");
    const { journal } = await openJournal(folder);
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await append(journal, names("own", 3));
    await append(leaving.journal, names("left", 5));
    await journal.adopt();
    await drain.idle();
    expect(journal.stats()).toMatchObject({ accepted: 3, stored: 3 });
    await leaving.journal.close();
    await journal.adopt();
    await eventually(() => store.rows.has("left-4"));
    await eventually(() => journal.stats().stored === 8);
    expect(journal.stats()).toMatchObject({ accepted: 8, rejected: 0, backlog: 0 });

    // Empty, it is given free: another process may take it, write there and go in its turn.
    await eventually(() => !existsSync(join(folder, "leaving", "owner.json")));
    const again = await openJournal(folder, {}, "leaving");
    await append(again.journal, ["left-5"]);
    await again.journal.close();
    await journal.adopt();
    await eventually(() => store.rows.has("left-5"));
    await eventually(() => journal.stats().backlog === 0);
    expect(journal.stats()).toMatchObject({ accepted: 9, stored: 9 });
    await drain.close();
    await journal.close();
  });

  test("is drained by the next node, which gives it free and counts it", async () => {
    const folder = await temporaryFolder();
    const gone = await openJournal(folder, {}, "gone");
    await append(gone.journal, names("gone", 10));
    await gone.journal.append({ type: "inference.opened", id: "cut", projectId: "p" });
    const alive = await openJournal(folder, {}, "alive");
    await append(alive.journal, ["theirs"]);
    await gone.journal.close();

    const { journal } = await openJournal(folder, {}, "mine");
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await append(journal, ["mine"]);
    await drain.idle();
    expect(store.rows.has("mine")).toBe(true);
    expect(store.rows.has("gone-9")).toBe(true);
    expect(store.rows.get("cut")?.interrupted).toBe(true);
    expect(store.rows.has("theirs")).toBe(false);
    expect(journal.stats()).toMatchObject({ accepted: 12, stored: 12, backlog: 0 });

    const back = await openJournal(folder, {}, "gone");
    expect(back.journal.stats()).toMatchObject({ accepted: 11, stored: 11, backlog: 0 });
    for (const { journal: open } of [back, alive]) await open.close();
    await drain.close();
    await journal.close();
  });
});

test("tells what may pass from what a record will never survive", () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code });
  for (const code of ["08006", "57P01", "53100", "40001", "42P01", "ECONNREFUSED", "EPIPE"]) expect(isTransient(withCode(code))).toBe(true);
  for (const code of ["22P02", "23502", "22001"]) expect(isTransient(withCode(code))).toBe(false);
  expect(isTransient(new Error("drain failed", { cause: withCode("57P03") }))).toBe(true);
  expect(isTransient(new TypeError("x is undefined"))).toBe(false);
});
