import { open } from "node:fs/promises";
import { join } from "node:path";
import type { CarryResult, Carrier } from "./carrier.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { insideOf } from "./create.ts";
import type { NodeFolder } from "./node-folder.ts";
import { isTransient } from "./store-records.ts";
import type { Drain, DrainConfig, Journal } from "./types.ts";

/** Bytes of one batch: parsing them takes under 10 ms, so the event loop of a serving process is not held. */
const batchBytes = 1024 * 1024;
const firstBackoffMs = 100;

export interface DrainDeps {
  readonly journal: Journal;
  /** Closed with the drain. */
  readonly carrier: Carrier;
  readonly config?: DrainConfig;
}

/** Moves records from the journal into SQL, in order, in batches, at least once; sinks make it exactly once. Starts at once. */
export function createDrain(deps: DrainDeps): Drain {
  const config: Required<DrainConfig> = { batchRecords: 500, lingerMs: 50, maxBackoffMs: 5_000, ...deps.config };
  const inside = insideOf(deps.journal);
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
      if (checkpoint.open.length > 0) await commit(folder, await deps.carrier.carry({ frames: null, checkpoint }), checkpoint);
      interruptionsStored.add(folder);
      return true;
    }
    const next = folder.next();
    if (next.kind === "nothing") {
      // Another node's folder that is empty is given free: its node may come back.
      if (folder !== inside.folders[0]) await folder.release();
      return false;
    }
    if (next.kind === "moved") {
      await folder.commit({ ...checkpoint, ...next.next });
      return true;
    }
    const { path, offset, available } = next;
    const frames = { path, offset, available, maxRecords: config.batchRecords, maxBytes: batchBytes };
    const result = await deps.carrier.carry({ frames, checkpoint });
    if (result.bytes === 0) {
      if (folder === inside.folders[0]) await deps.journal.rotate();
      await folder.repair(inside.onIncident);
      return true;
    }
    await commit(folder, result, { ...checkpoint, offset: offset + result.bytes });
    return folder !== inside.folders[0] || passed(folder) < accepted;
  }

  /** What was refused is in `rejected.log` before the checkpoint counts it. */
  async function commit(folder: NodeFolder, { stored, rejected, open: stillOpen, lost }: CarryResult, at: Checkpoint): Promise<void> {
    if (rejected.length > 0) {
      await logRejected(
        folder,
        rejected.map(({ entry }) => entry),
      );
      inside.onIncident({
        kind: "record_rejected",
        message: `${rejected.length} records could not be stored; they are in ${join(folder.path, "rejected.log")}.`,
        details: { folder: folder.path, count: rejected.length, first: { id: rejected[0]!.id, reason: rejected[0]!.reason } },
      });
    }
    await folder.commit({ ...at, stored: at.stored + stored, rejected: at.rejected + lost + rejected.length, open: stillOpen });
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
      await deps.carrier.close();
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
