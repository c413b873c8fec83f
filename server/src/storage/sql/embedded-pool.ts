import { EventEmitter } from "node:events";
import { DatabaseThread, type DatabaseThreadOptions } from "./database-thread.ts";
import { EmbeddedClient, type QueryCallback, type QueryConfig } from "./embedded-client.ts";
import type { HostResult } from "./pglite-host.ts";
import { SessionTurns } from "./session-turns.ts";

export type EmbeddedPoolOptions = Omit<DatabaseThreadOptions, "onNotification" | "onReopened">;

/**
 * The embedded store behind the shape of `pg.Pool`. There is one session, so clients take turns: a client holds it for one
 * statement, or from BEGIN to COMMIT.
 */
export class EmbeddedPool extends EventEmitter {
  // What `pg.Pool` shows and DBOS reads.
  readonly options = { max: 10 };
  readonly totalCount = 1;
  readonly idleCount = 0;
  ended = false;
  ending = false;
  readonly thread: DatabaseThread;
  readonly turns = new SessionTurns<EmbeddedClient>();
  readonly #listeners = new Map<string, Set<EmbeddedClient>>();

  constructor(options: EmbeddedPoolOptions) {
    super();
    this.thread = new DatabaseThread({
      ...options,
      onNotification: (channel, payload) => {
        for (const client of this.#listeners.get(channel) ?? [])
          client.emit("notification", { channel, payload, processId: client.processID });
      },
      onReopened: async () => {
        for (const channel of this.#listeners.keys()) await this.thread.send({ script: `listen "${channel}"` });
      },
    });
  }

  get waitingCount(): number {
    return this.turns.waiting;
  }

  open(): Promise<void> {
    return this.thread.open();
  }

  subscribe(channel: string, client: EmbeddedClient): void {
    const clients = this.#listeners.get(channel);
    if (clients === undefined) this.#listeners.set(channel, new Set([client]));
    else clients.add(client);
  }

  unsubscribe(client: EmbeddedClient): void {
    for (const clients of this.#listeners.values()) clients.delete(client);
  }

  connect(): Promise<EmbeddedClient> {
    return Promise.resolve(new EmbeddedClient(this));
  }

  query(
    query: string | QueryConfig,
    values?: readonly unknown[] | QueryCallback,
    callback?: QueryCallback,
  ): Promise<HostResult> | undefined {
    return new EmbeddedClient(this).query(query, values, callback);
  }

  async end(): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    this.turns.close();
    await this.thread.close();
    this.ended = true;
  }
}
