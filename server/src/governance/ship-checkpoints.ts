import { type Clock, type Logger, systemContext } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { listCheckpoints } from "./audit-repository.ts";
import { leaseDelivery, noteDelivered, noteFailed, releaseDelivery } from "./delivery-repository.ts";
import type { Sink } from "./sinks/index.ts";

export interface ShipperDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sinks: readonly Sink[];
  /** Names this process in the leases. */
  readonly holder: string;
}

/** Brings checkpoints to the sinks. They wait in the database, so none is lost; and nothing waits for a sink. */
export interface Shipper {
  /** These projects may have new checkpoints. Settles when the files have them; the network goes on by itself. */
  ship(projectIds: Iterable<string>): Promise<void>;
  /** What a sink that can be read could not be given last; null when nothing is wrong. */
  problemOf(sink: Sink): string | null;
  /** Cuts what is being sent; the next start sends it again. */
  close(): Promise<void>;
}

/** A page is noted when the sink has all of it. */
const pageSize = 20;
/** Renewed at half of it; a single write ends long before the other half is over, so no other node sends meanwhile. */
const leaseSeconds = 60;
const retryMs = { first: 1000, most: 300_000 };

export function createShipper(deps: ShipperDeps): Shipper {
  const stopping = new AbortController();
  const lanes = deps.sinks.map((sink) => createLane(sink, { ...deps, signal: stopping.signal }));

  async function ship(projectIds: Iterable<string>): Promise<void> {
    const all = [...projectIds];
    const shipping = lanes.map((lane) => ({ isHere: lane.sink.read !== undefined, done: lane.ship(all) }));
    await Promise.all(shipping.filter(({ isHere }) => isHere).map(({ done }) => done));
  }

  return {
    ship,
    problemOf: (sink) => lanes.find((lane) => lane.sink === sink)?.problem() ?? null,
    close: async () => {
      stopping.abort(new Error("The program is stopping."));
      await Promise.all(lanes.map((lane) => lane.ship([])));
    },
  };
}

interface Lane {
  readonly sink: Sink;
  ship(projectIds: readonly string[]): Promise<void>;
  problem(): string | null;
}

/** One sink: what is due there, one delivery at a time, and the pause after a failure. */
function createLane(sink: Sink, deps: ShipperDeps & { readonly signal: AbortSignal }): Lane {
  const { clock, logger, signal } = deps;
  const ledger = sink.read === undefined ? keptLedger(sink, deps) : readLedger(sink);
  const due = new Set<string>();
  let running: Promise<void> | undefined;
  let failures = 0;
  let retryAt = 0;
  let problem: string | null = null;

  function ship(projectIds: readonly string[]): Promise<void> {
    for (const projectId of projectIds) due.add(projectId);
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function run(): Promise<void> {
    for (const projectId of due) {
      if (signal.aborted || clock.now() < retryAt) return;
      // Before the delivery: what becomes due during it is due again.
      due.delete(projectId);
      try {
        await deliver(projectId);
        if (failures > 0) logger.info({ sink: sink.name }, "the sink takes checkpoints again");
        failures = 0;
        problem = null;
      } catch (error) {
        due.add(projectId);
        if (signal.aborted) return;
        failures += 1;
        retryAt = clock.now() + Math.min(retryMs.first * 2 ** (failures - 1), retryMs.most);
        problem = error instanceof Error ? error.message : String(error);
        logger.error(
          { sink: sink.name, projectId, failures, err: error },
          "checkpoints could not be brought to their sink; it is tried again",
        );
      }
    }
  }

  async function deliver(projectId: string): Promise<void> {
    const claimed = await ledger.claim(projectId);
    if (claimed === null) return;
    let held = claimed;
    let claimedAt = clock.now();
    try {
      for (;;) {
        const above: number = held;
        const page = await deps.sql.as(systemContext("governance", projectId), (tx) => listCheckpoints(tx, { above, limit: pageSize }));
        for (const checkpoint of page) {
          if (clock.now() - claimedAt > leaseSeconds * 500) {
            if ((await ledger.claim(projectId)) === null) return;
            claimedAt = clock.now();
          }
          await sink.write(projectId, checkpoint, signal);
          held = checkpoint.size;
        }
        if (page.length < pageSize) break;
        await ledger.note(projectId, held);
      }
    } catch (error) {
      // Cut by our own stop, nothing is wrong with the sink.
      if (signal.aborted) await ledger.release(projectId, held);
      else await ledger.fail(projectId, { held, error });
      throw error;
    }
    await ledger.release(projectId, held);
  }

  return { sink, ship, problem: () => problem };
}

/** Where it stands how far a sink has come. */
interface Ledger {
  /** The size up to which the sink has everything; null when another node brings it the rest. */
  claim(projectId: string): Promise<number | null>;
  note(projectId: string, held: number): Promise<void>;
  fail(projectId: string, failure: { held: number; error: unknown }): Promise<void>;
  /** Done for now, having come to `held`. */
  release(projectId: string, held: number): Promise<void>;
}

/** Of a sink that can be read: there. Read once, since nobody else writes it. */
function readLedger(sink: Sink): Ledger {
  const held = new Map<string, number>();
  return {
    claim: async (projectId) => held.get(projectId) ?? sink.read!(projectId).reduce((most, item) => Math.max(most, item.size), 0),
    note: async (projectId, size) => void held.set(projectId, size),
    // Half a page may be there.
    fail: async (projectId) => void held.delete(projectId),
    release: async (projectId, size) => void held.set(projectId, size),
  };
}

/** Of any other: in the database, which all nodes share. */
function keptLedger({ name: sink }: Sink, { sql, holder }: ShipperDeps): Ledger {
  return {
    claim: (projectId) => sql.system("sequencer", (tx) => leaseDelivery(tx, { projectId, sink, holder, seconds: leaseSeconds })),
    note: (projectId, size) => sql.system("sequencer", (tx) => noteDelivered(tx, { projectId, sink, size })),
    fail: (projectId, { held, error }) =>
      sql.system("sequencer", async (tx) => {
        await noteDelivered(tx, { projectId, sink, size: held });
        await noteFailed(tx, { projectId, sink, error: error instanceof Error ? error.message : String(error) });
        await releaseDelivery(tx, { projectId, sink, holder });
      }),
    release: (projectId, size) =>
      sql.system("sequencer", async (tx) => {
        await noteDelivered(tx, { projectId, sink, size });
        await releaseDelivery(tx, { projectId, sink, holder });
      }),
  };
}
