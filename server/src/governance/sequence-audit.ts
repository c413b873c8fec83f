import { AppError, type Clock, type Logger } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { leaseTree, pendingEntries, placeEntries, projectsWithPending, projectsWithTree, saveHead } from "./audit-repository.ts";
import { leafOf } from "./entry.ts";
import { append, emptyTree, rootOf, toHex } from "./merkle.ts";
import type { Signer } from "./sign-checkpoint.ts";
import type { Shipper } from "./ship-checkpoints.ts";

export interface SequencerDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signer: Signer;
  readonly shipper: Shipper;
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
/** A node that died may have placed entries and told no sink. */
const lookEveryMs = 60_000;
const emptyRoot = toHex(rootOf(emptyTree));

export function createSequencer(deps: SequencerDeps): Sequencer {
  /** When all projects were looked at last, and not only those with new entries. */
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function pass(): Promise<number> {
    const looks = deps.clock.now() - lookedAt >= lookEveryMs;
    const { pending, known } = await deps.sql.system("sequencer", async (tx) => ({
      pending: await projectsWithPending(tx),
      known: looks ? await projectsWithTree(tx) : [],
    }));
    let placed = 0;
    const failures: unknown[] = [];
    for (const projectId of pending) {
      try {
        placed += await placeAll(projectId);
      } catch (error) {
        // One project's damage must not keep the others' entries from their places.
        failures.push(error);
      }
    }
    // Also what a crash, here or on another node, kept from a sink; and what a sink refused before.
    await deps.shipper.ship([...pending, ...known]);
    if (looks) lookedAt = deps.clock.now();
    if (failures.length > 0) throw failures[0];
    return placed;
  }

  async function placeAll(projectId: string): Promise<number> {
    let placed = 0;
    for (;;) {
      const batch = await placeBatch(projectId);
      placed += batch;
      if (batch < batchSize) return placed;
    }
  }

  function placeBatch(projectId: string): Promise<number> {
    return deps.sql.system("sequencer", async (tx) => {
      const leased = await leaseTree(tx, { projectId, holder: deps.holder, seconds: leaseSeconds, emptyRoot });
      if (leased === null) return 0;
      if (toHex(rootOf(leased.tree)) !== leased.rootHash) {
        throw new AppError(
          "audit_broken",
          `The stored head of the audit tree of project ${projectId} contradicts itself; nothing is appended to it.`,
          { details: { projectId, size: leased.tree.size } },
        );
      }
      const entries = await pendingEntries(tx, projectId, batchSize);
      if (entries.length === 0) return 0;
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
      return entries.length;
    });
  }

  return { pass };
}
