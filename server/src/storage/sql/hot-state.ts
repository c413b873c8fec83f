import { AppError, type Clock, type Logger } from "../../core/index.ts";
import type { HotState, Sql, Tx } from "../types.ts";
import { outsideTransaction, refuseNesting } from "./nesting.ts";

export interface HotStateDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Past this age a node refuses new requests; 5 minutes. */
  readonly maxAgeMs?: number;
  readonly pollMs?: number;
}

const defaultMaxAgeMs = 5 * 60_000;
/** How often it looks unasked. Nobody but this process writes to an embedded store, so there the wake-up is enough and a look is a belt. */
const defaultPollMs = { postgres: 400, embedded: 2_000 };

/** Keeps what `register`ed loaders read in step with the database: NOTIFY wakes it, and it looks every now and then anyway. */
export function createHotState(deps: HotStateDeps): HotState {
  const { sql, clock, logger } = deps;
  const maxAgeMs = deps.maxAgeMs ?? defaultMaxAgeMs;
  const loaders = new Map<string, (tx: Tx) => Promise<void>>();
  let loaded = -1n;
  let contactAt = clock.now();
  let timer: NodeJS.Timeout | undefined;
  let stopListening: (() => Promise<void>) | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let failing = false;

  async function readVersion(tx: Tx): Promise<bigint> {
    const { rows } = await tx.client.query<{ version: string }>("select version from core_state_version");
    return BigInt(rows[0]!.version);
  }

  async function look(): Promise<void> {
    await sql.system("hot-state", async (tx) => {
      const version = await readVersion(tx);
      if (version === loaded) return;
      for (const load of loaders.values()) await load(tx);
      loaded = version;
    });
    contactAt = clock.now();
    if (failing) logger.info("the database answers again; state is fresh");
    failing = false;
  }

  /** One look at a time; a wish during a look makes one more after it. */
  function refresh(): Promise<void> {
    if (running !== undefined) {
      again = true;
      return running;
    }
    running = outsideTransaction(async () => {
      try {
        do {
          again = false;
          await look();
        } while (again && !closed);
      } finally {
        running = undefined;
      }
    });
    return running;
  }

  function schedule(): void {
    if (closed) return;
    timer = setTimeout(() => void tick(), deps.pollMs ?? defaultPollMs[sql.store]);
  }

  async function tick(): Promise<void> {
    try {
      await refresh();
    } catch (error) {
      if (!failing && !closed) logger.warn({ err: error }, "the state in memory cannot be refreshed; serving on what is known");
      failing = true;
    }
    schedule();
  }

  function wake(): void {
    refresh().catch(() => {
      // The poll reports what keeps failing.
    });
  }

  return {
    register(name, load) {
      loaders.set(name, load);
      loaded = -1n;
    },
    async start() {
      await refresh();
      // Polling goes on where notifications cannot be had (a pooler in transaction mode, a firewall).
      stopListening = await sql.listen("millrace_state", wake).catch((error: unknown) => {
        logger.warn({ err: error }, "notifications cannot be had; state is polled only");
        return undefined;
      });
      schedule();
    },
    async refresh() {
      refuseNesting("hotState.refresh");
      await refresh();
    },
    ageMs: () => Math.max(0, clock.now() - contactAt),
    version: () => loaded,
    assertFresh() {
      const age = clock.now() - contactAt;
      if (age > maxAgeMs)
        throw new AppError(
          "state_stale",
          `This node has not reached its database for ${Math.round(age / 1000)} s; it may serve on what it knows for ${Math.round(maxAgeMs / 1000)} s.`,
        );
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await stopListening?.();
      await running?.catch(() => {
        // Closing: what could not be read is not needed any more.
      });
    },
  };
}
