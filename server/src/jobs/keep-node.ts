import { hostname } from "node:os";
import type { Logger } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { JobsConfig } from "./config.ts";
import { beat, dropLeases, forgetNode, holdLease, leave, type NodeRow, noteSchedules, type ScheduleRun, takeSilent } from "./repository.ts";
import type { Role } from "./types.ts";

export interface NodeKeeperDeps {
  readonly sql: Sql;
  readonly logger: Logger;
  readonly config: JobsConfig;
  readonly executorId: string;
  readonly node: { readonly nodeId: string; readonly configHash: string; readonly version: string };
  /** Puts a dead executor's workflows back on their queues; answers how many. */
  readonly recover: (executorId: string) => Promise<number>;
  /** What ran since the last beat; written with the next one. */
  readonly takeScheduleRuns: () => ScheduleRun[];
  /** Work for the one node that leads, after each beat. */
  readonly lead: () => Promise<void>;
}

const leadership = "jobs";

/** This process's row among the nodes: beats, looks for the dead, and holds the lease of the one that runs schedules. */
export class NodeKeeper {
  readonly #deps: NodeKeeperDeps;
  #role: Role = "serve";
  #readyBindings: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #closed = false;
  #leadsUntil = 0;

  constructor(deps: NodeKeeperDeps) {
    this.#deps = deps;
  }

  /** True while this node surely holds the lease: judged by our own steady clock, from before the renewal was asked for. */
  leads(): boolean {
    return performance.now() < this.#leadsUntil;
  }

  async start(role: Role): Promise<void> {
    this.#role = role;
    // The data folder's lock says that no other process lives on an embedded store: what is in the table is dead.
    await this.#beat({ alone: this.#deps.sql.store === "embedded" });
    this.#schedule();
  }

  async setReadyBindings(readyBindings: readonly string[]): Promise<void> {
    this.#readyBindings = [...readyBindings];
    if (this.#timer !== undefined) await this.#deps.sql.system("heartbeat", (tx) => beat(tx, this.#row(), this.#readyBindings));
  }

  #row(): NodeRow {
    return { executorId: this.#deps.executorId, role: this.#role, host: hostname(), ...this.#deps.node };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat({ alone: false })
        .catch((error: unknown) => this.#deps.logger.warn({ err: error }, "the heartbeat failed; trying again"))
        .then(() => {
          if (!this.#closed) this.#schedule();
        });
    }, this.#deps.config.heartbeatMs);
  }

  async #beat({ alone }: { alone: boolean }): Promise<void> {
    const { sql, logger, executorId, config, recover } = this.#deps;
    const works = this.#role !== "serve";
    const askedAt = performance.now();
    const runs = this.#deps.takeScheduleRuns();
    const { dead, leads } = await sql.system("heartbeat", async (tx) => {
      await beat(tx, this.#row(), this.#readyBindings);
      if (!works) return { dead: [], leads: false };
      if (alone) await dropLeases(tx);
      const dead = await takeSilent(tx, executorId, alone ? 0 : config.staleAfterMs);
      const leads = await holdLease(tx, { name: leadership, holder: executorId, ms: config.staleAfterMs });
      await noteSchedules(tx, runs);
      return { dead, leads };
    });
    if (leads) this.#leadsUntil = askedAt + config.staleAfterMs * 0.8;
    for (const deadId of dead) {
      const recovered = await recover(deadId);
      logger.info({ node: deadId, workflows: recovered }, "took over the work of a dead node");
      await sql.system("recovery", (tx) => forgetNode(tx, deadId, executorId));
    }
    if (this.leads()) await this.#deps.lead();
  }

  /** Stops beating and tells the others that this node is gone. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#leadsUntil = 0;
    await this.#beating;
    await this.#deps.sql
      .system("heartbeat", (tx) => leave(tx, this.#deps.executorId))
      .catch((error: unknown) => this.#deps.logger.warn({ err: error }, "could not say goodbye; the others will notice the silence"));
  }
}
