import { AppError, type Clock, type Logger } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import {
  leaseTree,
  newestCheckpoint,
  pendingEntries,
  placeEntries,
  projectsWithPending,
  projectsWithTree,
  saveHead,
} from "./audit-repository.ts";
import { leafOf } from "./entry.ts";
import { append, emptyTree, rootOf, toHex } from "./merkle.ts";
import type { Signer } from "./sign-checkpoint.ts";
import type { Sink } from "./sinks.ts";
import type { Checkpoint } from "./types.ts";

export interface SequencerDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signer: Signer;
  readonly sinks: readonly Sink[];
  /** Names this process in the lease. */
  readonly holder: string;
}

export interface Sequencer {
  /** One pass over all projects. Answers how many entries it placed. */
  pass(): Promise<number>;
}

/** Entries placed in one transaction, so it stays far below its 2 s. */
const batchSize = 500;
/** A node that died holding the lease is followed by another after this. */
const leaseSeconds = 5;
const emptyRoot = toHex(rootOf(emptyTree));

export function createSequencer(deps: SequencerDeps): Sequencer {
  /** The newest size each sink is known to hold, by `<sink> <project>`. */
  const anchored = new Map<string, number>();
  let firstPass = true;

  async function pass(): Promise<number> {
    const projects = await deps.sql.system(
      "sequencer",
      async (tx) => new Set([...(await projectsWithPending(tx)), ...(firstPass ? await projectsWithTree(tx) : [])]),
    );
    let placed = 0;
    const failures: unknown[] = [];
    for (const projectId of projects) {
      try {
        placed += await placeAll(projectId);
        // What a crash kept from a sink is there after the next start.
        if (firstPass) await catchUp(projectId);
      } catch (error) {
        // One project's damage must not keep the others' entries from their places.
        failures.push(error);
      }
    }
    firstPass = false;
    if (failures.length > 0) throw failures[0];
    return placed;
  }

  async function placeAll(projectId: string): Promise<number> {
    let placed = 0;
    for (;;) {
      const batch = await placeBatch(projectId);
      placed += batch.placed;
      if (batch.checkpoint !== null) anchor(projectId, batch.checkpoint);
      if (batch.placed < batchSize) return placed;
    }
  }

  function placeBatch(projectId: string): Promise<{ placed: number; checkpoint: Checkpoint | null }> {
    return deps.sql.system("sequencer", async (tx) => {
      const leased = await leaseTree(tx, { projectId, holder: deps.holder, seconds: leaseSeconds, emptyRoot });
      if (leased === null) return { placed: 0, checkpoint: null };
      if (toHex(rootOf(leased.tree)) !== leased.rootHash) {
        throw new AppError(
          "audit_broken",
          `The stored head of the audit tree of project ${projectId} contradicts itself; nothing is appended to it.`,
          { details: { projectId, size: leased.tree.size } },
        );
      }
      const entries = await pendingEntries(tx, projectId, batchSize);
      if (entries.length === 0) return { placed: 0, checkpoint: null };
      const leaves = entries.map((entry) => leafOf(entry));
      await placeEntries(
        tx,
        projectId,
        entries.map((entry, at) => ({ id: entry.id, index: leased.tree.size + at, leaf: toHex(leaves[at]!) })),
      );
      const tree = append(leased.tree, leaves);
      const checkpoint = deps.signer.sign(projectId, {
        size: tree.size,
        rootHash: toHex(rootOf(tree)),
        at: new Date(deps.clock.now()).toISOString(),
      });
      await saveHead(tx, projectId, { tree, checkpoint });
      return { placed: entries.length, checkpoint };
    });
  }

  async function catchUp(projectId: string): Promise<void> {
    if (deps.sinks.length === 0) return;
    const newest = await deps.sql.system("sequencer", (tx) => newestCheckpoint(tx, projectId));
    if (newest !== null) anchor(projectId, newest);
  }

  /** A sink that fails is reported and tried again with the next checkpoint; the log itself goes on. */
  function anchor(projectId: string, checkpoint: Checkpoint): void {
    for (const sink of deps.sinks) {
      const key = `${sink.name} ${projectId}`;
      try {
        const held = anchored.get(key) ?? sink.read(projectId).checkpoints.reduce((most, item) => Math.max(most, item.size), 0);
        if (held < checkpoint.size) sink.write(projectId, checkpoint);
        anchored.set(key, Math.max(held, checkpoint.size));
      } catch (error) {
        deps.logger.error({ sink: sink.name, size: checkpoint.size, err: error }, "a checkpoint could not be written to its sink");
      }
    }
  }

  return { pass };
}
