import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { insideOf } from "./create.ts";
import type { NodeFolder } from "./node-folder.ts";
import { interruptedRecords, readRecords } from "./read-records.ts";
import { isTransient, storeRecords } from "./store-records.ts";
import type { Drain, DrainConfig, DrainDeps, DrainedRecord } from "./types.ts";

/** Bytes of one batch: parsing them takes under 10 ms, so the event loop of a serving process is not held. */
const batchBytes = 1024 * 1024;
const firstBackoffMs = 100;

/** Moves records from the journal into SQL, in order, in batches, at least once; sinks make it exactly once. Starts at once. */
export function createDrain<Tx>(deps: DrainDeps<Tx>): Drain {
  const config: Required<DrainConfig> = { batchRecords: 500, lingerMs: 50, maxBackoffMs: 5_000, ...deps.config };
  const inside = insideOf(deps.journal);
  const sinks = new Map(deps.sinks.map((sink) => [sink.type, sink]));
  const interruptionsStored = new WeakSet<NodeFolder>();
  let paused = false;
  let closed = false;
  let wake = Promise.withResolvers<void>();
  let roused = false;
  let batch: Promise<unknown> = Promise.resolve();
  const waiting: { done: () => void; goals: Map<NodeFolder, number> }[] = [];

  /**
   * One batch of one folder; true when the next is there already. What came meanwhile lingers: a batch of one record costs as much
   * as one of fifty, and its checkpoint waits for the disk as answers do.
   */
  async function drainFolder(folder: NodeFolder): Promise<boolean> {
    if (folder.released) return false;
    const { checkpoint, accepted } = folder;
    if (!interruptionsStored.has(folder) && checkpoint.segment >= folder.firstLive) {
      const cut = interruptedRecords(checkpoint.open);
      if (cut.length > 0) await store(folder, cut, { ...checkpoint, open: [] });
      interruptionsStored.add(folder);
      return true;
    }
    const read = await folder.read({ records: config.batchRecords, bytes: batchBytes });
    if (read.damaged === true) {
      if (folder === inside.folders[0]) await deps.journal.rotate();
      await folder.repair(inside.onIncident);
      return true;
    }
    if (!read.moved) {
      // Another node's folder that is empty is given free: its node may come back.
      if (folder !== inside.folders[0]) await folder.release();
      return false;
    }
    const { records, unreadable, open: stillOpen, lost } = readRecords(read.payloads, checkpoint);
    if (unreadable.length > 0)
      await logRejected(
        folder,
        unreadable.map((payload) => ({ code: "invalid_json", reason: "The record is not JSON.", payload })),
      );
    await store(folder, records, {
      ...checkpoint,
      ...read.next,
      rejected: checkpoint.rejected + lost + unreadable.length,
      open: stillOpen,
    });
    return folder !== inside.folders[0] || passed(folder) < accepted;
  }

  async function store(folder: NodeFolder, records: readonly DrainedRecord[], next: Checkpoint): Promise<void> {
    const rejected = records.length === 0 ? [] : await storeRecords(records, sinks, deps.sql);
    if (rejected.length > 0) {
      await logRejected(
        folder,
        rejected.map(({ record, code, reason }) => ({ code, reason, record: record.record })),
      );
      inside.onIncident({
        kind: "record_rejected",
        message: `${rejected.length} records could not be stored; they are in ${join(folder.path, "rejected.log")}.`,
        details: { folder: folder.path, count: rejected.length, first: { id: rejected[0]!.record.id, reason: rejected[0]!.reason } },
      });
    }
    await folder.commit({ ...next, stored: next.stored + records.length - rejected.length, rejected: next.rejected + rejected.length });
  }

  async function run(): Promise<void> {
    let backoffMs = 0;
    while (!closed) {
      if (paused) {
        await wake.promise;
        continue;
      }
      let worked = false;
      try {
        for (const folder of inside.folders) {
          if (paused || closed) break;
          const step = drainFolder(folder);
          batch = step.catch(() => undefined);
          worked = (await step) || worked;
        }
        backoffMs = 0;
      } catch (error) {
        if (backoffMs === 0) reportBlocked(error);
        backoffMs = Math.min(config.maxBackoffMs, Math.max(firstBackoffMs, backoffMs * 2));
        await sleep(backoffMs);
        continue;
      }
      settleWaiting();
      // Between batches the event loop serves requests.
      if (worked || roused) await new Promise((resolve) => setImmediate(resolve));
      else if (!paused && !closed) await wake.promise;
      roused = false;
    }
  }

  function reportBlocked(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    inside.onIncident({
      kind: "drain_blocked",
      message: `The drain waits; the journal carries on: ${message}`,
      details: { transient: isTransient(error), error: message },
    });
  }

  function settleWaiting(): void {
    for (let index = waiting.length - 1; index >= 0; index--) {
      const { goals, done } = waiting[index]!;
      for (const [folder, goal] of goals) {
        if (passed(folder) >= goal) goals.delete(folder);
      }
      if (goals.size > 0) continue;
      waiting.splice(index, 1);
      done();
    }
  }

  /** Records before the checkpoint: stored, rejected, or waiting for a `closed` that may still come. */
  function passed(folder: NodeFolder): number {
    const { stored, rejected, open: stillOpen } = folder.checkpoint;
    return stored + rejected + (interruptionsStored.has(folder) ? stillOpen.length : 0);
  }

  function rouse(): void {
    roused = true;
    wake.resolve();
    wake = Promise.withResolvers<void>();
  }

  let lingering: NodeJS.Timeout | undefined;
  inside.onDurable(() => {
    if (inside.folders[0]!.backlog >= config.batchRecords || waiting.length > 0) rouse();
    else if (lingering === undefined) {
      lingering = setTimeout(() => {
        lingering = undefined;
        rouse();
      }, config.lingerMs);
      lingering.unref();
    }
  });

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      void wake.promise.then(() => {
        if (!closed) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  const running = run();

  return {
    idle() {
      const goals = new Map(inside.folders.map((folder) => [folder, folder.accepted]));
      const done = new Promise<void>((resolve) => waiting.push({ done: resolve, goals }));
      rouse();
      return done;
    },
    async pause() {
      paused = true;
      await batch;
    },
    resume() {
      paused = false;
      rouse();
    },
    async close() {
      closed = true;
      clearTimeout(lingering);
      rouse();
      await running;
    },
  };
}

/** Durable before the count that refers to it. After a crash between the two a record may stand here twice. */
async function logRejected(folder: NodeFolder, entries: readonly unknown[]): Promise<void> {
  const handle = await open(join(folder.path, "rejected.log"), "a", 0o600);
  try {
    await handle.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
