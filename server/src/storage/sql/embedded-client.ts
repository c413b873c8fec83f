import { EventEmitter } from "node:events";
import { AppError } from "../../core/index.ts";
import type { EmbeddedPool } from "./embedded-pool.ts";
import type { HostRequest, HostResult } from "./pglite-host.ts";
import { toParameter } from "./type-parsers.ts";

export type QueryCallback = (error: Error | null, result?: HostResult) => void;

export interface QueryConfig {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  /** `extended`: one statement only, also without values. */
  readonly queryMode?: "extended" | undefined;
}

const beginPattern = /^\s*(begin|start\s+transaction)\b/i;
const endPattern = /^\s*(commit|end|abort|rollback(?!\s+(work\s+|transaction\s+)?to\b))\b/i;
const listenPattern = /^\s*listen\s+(?:"([^"]+)"|(\w+))\s*;?\s*$/i;
const bytesOid = 17;

/** One borrower of the embedded store's session, shaped like `pg.PoolClient`. */
export class EmbeddedClient extends EventEmitter {
  readonly processID = 1;
  readonly #pool: EmbeddedPool;
  #inTransaction = false;
  /** The thread's generation when the transaction began. */
  #generation = 0;

  constructor(pool: EmbeddedPool) {
    super();
    this.#pool = pool;
  }

  query(
    query: string | QueryConfig,
    values?: readonly unknown[] | QueryCallback,
    callback?: QueryCallback,
  ): Promise<HostResult> | undefined {
    const done = typeof values === "function" ? values : callback;
    const config = typeof query === "string" ? { text: query } : query;
    const running = this.#run(typeof values === "function" || values === undefined ? config : { ...config, values });
    if (done === undefined) return running;
    running.then((result) => done(null, result), done);
    return undefined;
  }

  async #run(config: QueryConfig): Promise<HostResult> {
    if (this.#inTransaction) return this.#runInside(config);
    await this.#pool.turns.take(this);
    try {
      const channel = listenPattern.exec(config.text);
      if (channel !== null) this.#pool.subscribe(channel[1] ?? channel[2]!.toLowerCase(), this);
      if (!beginPattern.test(config.text)) return await this.#send(config);
      this.#generation = this.#pool.thread.generation;
      this.#inTransaction = true;
      return await this.#begin(config);
    } finally {
      if (!this.#inTransaction) this.#pool.turns.give(this);
    }
  }

  async #begin(config: QueryConfig): Promise<HostResult> {
    try {
      return await this.#send(config);
    } catch (error) {
      this.#inTransaction = false;
      // A later statement of the script may have failed with the transaction open already. A dead thread left none.
      await this.#pool.thread.send({ script: "rollback" }).catch(() => {});
      throw error;
    }
  }

  async #runInside(config: QueryConfig): Promise<HostResult> {
    try {
      if (this.#generation !== this.#pool.thread.generation)
        throw new AppError("database_restarted", "The embedded database was restarted; this transaction is gone.");
      return await this.#send(config);
    } finally {
      if (endPattern.test(config.text)) {
        this.#inTransaction = false;
        this.#pool.turns.give(this);
      }
    }
  }

  async #send(config: QueryConfig): Promise<HostResult> {
    const values = config.values ?? [];
    const simple = values.length === 0 && config.queryMode !== "extended";
    const request: Omit<HostRequest, "id"> = simple ? { script: config.text } : { text: config.text, values: values.map(toParameter) };
    return withBuffers(await this.#pool.thread.send(request));
  }

  /** Gives the client back; a transaction left open is rolled back. */
  release(): void {
    this.#pool.unsubscribe(this);
    // Rejected only when the thread died, and with it the transaction.
    if (this.#inTransaction) this.#runInside({ text: "rollback" }).catch(() => {});
  }

  end(): Promise<void> {
    this.release();
    return Promise.resolve();
  }
}

/** Bytes come out of the thread as plain arrays; `pg` gives buffers. */
function withBuffers(result: HostResult): HostResult {
  for (const { name, dataTypeID } of result.fields) {
    if (dataTypeID !== bytesOid) continue;
    for (const row of result.rows as Record<string, unknown>[]) {
      const value = row[name];
      if (value instanceof Uint8Array) row[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
  }
  return result;
}
