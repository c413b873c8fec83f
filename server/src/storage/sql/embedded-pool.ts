import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { AppError, type Logger, startThread } from "../../core/index.ts";
import type { HostMessage, HostRequest, HostResult } from "./pglite-host.ts";

type Callback = (error: Error | null, result?: HostResult) => void;
type QueryText = string | { readonly text: string; readonly values?: readonly unknown[] };

interface Pending {
  readonly resolve: (result: HostResult) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export interface EmbeddedPoolOptions {
  /** The PGlite data folder. */
  readonly folder: string;
  readonly logger: Logger;
  /** A statement that takes longer is taken for hung: the thread is ended and opened again. */
  readonly watchdogMs?: number;
}

const defaultWatchdogMs = 120_000;

/**
 * PGlite in a worker thread behind the shape of `pg.Pool`. There is one session, so clients take turns: a client holds it
 * for one statement, or from BEGIN to COMMIT. When the thread dies, statements under way are rejected with
 * `database_restarted`, the thread is started again and every LISTEN is repeated.
 */
export class EmbeddedPool extends EventEmitter {
  // What `pg.Pool` shows and DBOS reads.
  readonly options = { max: 10 };
  readonly totalCount = 1;
  readonly idleCount = 0;
  ended = false;
  ending = false;
  /** Grows with every restart; a transaction begun before it is gone. */
  generation = 0;
  readonly #options: EmbeddedPoolOptions;
  #worker: Worker | undefined;
  #ready: Promise<void> = Promise.resolve();
  #nextId = 0;
  readonly #pending = new Map<number, Pending>();
  #holder: EmbeddedClient | undefined;
  #waiting: { client: EmbeddedClient; resolve: () => void }[] = [];
  readonly #listeners = new Map<string, Set<EmbeddedClient>>();

  private constructor(options: EmbeddedPoolOptions) {
    super();
    this.#options = options;
  }

  static async open(options: EmbeddedPoolOptions): Promise<EmbeddedPool> {
    const pool = new EmbeddedPool(options);
    pool.#ready = pool.#start();
    await pool.#ready;
    return pool;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = startThread("./pglite-host", import.meta.url, { folder: this.#options.folder });
      this.#worker = worker;
      worker.on("message", (message: HostMessage) => {
        if ("ready" in message) {
          resolve();
        } else if ("failed" in message) {
          reject(
            new AppError("database_unavailable", `The embedded database in ${this.#options.folder} cannot be opened: ${message.failed}`),
          );
        } else if ("channel" in message) {
          for (const client of this.#listeners.get(message.channel) ?? [])
            client.emit("notification", { channel: message.channel, payload: message.payload, processId: 1 });
        } else {
          this.#settle(message);
        }
      });
      worker.on("error", (error) => this.#options.logger.error({ err: error }, "the database thread failed"));
      worker.on("exit", (code) => {
        reject(new AppError("database_unavailable", `The database thread ended with code ${code} while opening.`));
        this.#onExit(worker, code);
      });
    });
  }

  #settle(message: Extract<HostMessage, { id: number }>): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if ("error" in message) pending.reject(Object.assign(new Error(String(message.error["message"])), message.error));
    else pending.resolve(message.result);
  }

  #onExit(worker: Worker, code: number): void {
    if (worker !== this.#worker || this.ended) return;
    this.#options.logger.error({ code }, "the database thread ended; opening it again");
    this.generation += 1;
    const lost = new AppError("database_restarted", "The embedded database was restarted while this statement ran.");
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(lost);
    }
    this.#pending.clear();
    this.#ready = this.#start().then(async () => {
      for (const channel of this.#listeners.keys())
        await this.#post({ script: `set role postgres; listen "${channel}"; set role millrace_app` });
    });
    this.#ready.catch((error: unknown) => this.#options.logger.error({ err: error }, "the database thread could not be opened again"));
  }

  /** Sends one request to the thread, in order. */
  async send(request: Omit<HostRequest, "id">): Promise<HostResult> {
    await this.#ready;
    return this.#post(request);
  }

  #post(request: Omit<HostRequest, "id">): Promise<HostResult> {
    return new Promise((resolve, reject) => {
      const id = ++this.#nextId;
      const watchdogMs = this.#options.watchdogMs ?? defaultWatchdogMs;
      const timer = setTimeout(() => {
        this.#options.logger.error(
          { watchdogMs, statement: (request.text ?? request.script ?? "").slice(0, 200) },
          "a statement hangs; the database thread is ended",
        );
        void this.#worker?.terminate();
      }, watchdogMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#worker!.postMessage({ ...request, id });
    });
  }

  /** Waits for the session; the same client may ask again while it holds it. */
  async acquire(client: EmbeddedClient): Promise<void> {
    if (this.ended) throw new AppError("database_unavailable", "The database is closed.");
    if (this.#holder === undefined) {
      this.#holder = client;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push({ client, resolve }));
  }

  yieldSession(client: EmbeddedClient): void {
    if (this.#holder !== client) return;
    const next = this.#waiting.shift();
    this.#holder = next?.client;
    next?.resolve();
  }

  subscribe(channel: string, client: EmbeddedClient): void {
    let clients = this.#listeners.get(channel);
    if (clients === undefined) this.#listeners.set(channel, (clients = new Set()));
    clients.add(client);
  }

  unsubscribe(client: EmbeddedClient): void {
    for (const clients of this.#listeners.values()) clients.delete(client);
  }

  connect(): Promise<EmbeddedClient> {
    return Promise.resolve(new EmbeddedClient(this));
  }

  query(query: QueryText, values?: readonly unknown[] | Callback, callback?: Callback): Promise<HostResult> | undefined {
    return new EmbeddedClient(this).query(query, values, callback);
  }

  /** Ends the thread as a crash would; for tests. */
  crash(): void {
    this.#worker!.postMessage({ id: ++this.#nextId, crash: true });
  }

  async end(): Promise<void> {
    if (this.ended) return;
    this.ending = true;
    await this.#ready.catch(() => {});
    await this.#post({ close: true }).catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, "the embedded database did not close cleanly"),
    );
    this.ended = true;
    await this.#worker?.terminate();
  }
}

const beginPattern = /^\s*(begin|start\s+transaction)\b/i;
const endPattern = /^\s*(commit|end|abort|rollback(?!\s+to\b))\b/i;
const listenPattern = /^\s*listen\s+"?(\w+)"?\s*;?\s*$/i;
const savepointPattern = /^\s*(savepoint|release|rollback\s+to)\b/i;

/** One borrower of the session. Statements outside a transaction run as the owner and give the session back at once. */
export class EmbeddedClient extends EventEmitter {
  readonly processID = 1;
  readonly #pool: EmbeddedPool;
  #inTransaction = false;
  #generation = 0;

  constructor(pool: EmbeddedPool) {
    super();
    this.#pool = pool;
  }

  query(query: QueryText, values?: readonly unknown[] | Callback, callback?: Callback): Promise<HostResult> | undefined {
    const done = typeof values === "function" ? values : callback;
    const text = typeof query === "string" ? query : query.text;
    const given = (typeof values === "function" ? undefined : values) ?? (typeof query === "string" ? undefined : query.values);
    const running = this.#run(text, given);
    if (done === undefined) return running;
    running.then((result) => done(null, result), done);
    return undefined;
  }

  async #run(text: string, values: readonly unknown[] | undefined): Promise<HostResult> {
    if (this.#inTransaction) return this.#runInside(text, values);
    await this.#pool.acquire(this);
    try {
      if (beginPattern.test(text)) return await this.#begin(`${text}; set local role postgres`);
      const channel = listenPattern.exec(text)?.[1];
      if (channel !== undefined) this.#pool.subscribe(channel, this);
      // A message of its own: statements sent together share one implicit transaction, which VACUUM refuses.
      await this.#pool.send({ script: "set role postgres" });
      if (values === undefined || values.length === 0) return await this.#pool.send({ script: text });
      return await this.#pool.send({ text, values: values.map(toParameter) });
    } finally {
      if (!this.#inTransaction) {
        await this.#pool.send({ script: "set role millrace_app" }).catch(() => {
          // The thread died: it opens again as millrace_app.
        });
        this.#pool.yieldSession(this);
      }
    }
  }

  /** Opens a transaction with one script, which must begin with BEGIN. The session is held until it ends. */
  async begin(script: string): Promise<void> {
    await this.#pool.acquire(this);
    try {
      await this.#begin(script);
    } finally {
      if (!this.#inTransaction) this.#pool.yieldSession(this);
    }
  }

  async #begin(script: string): Promise<HostResult> {
    try {
      const result = await this.#pool.send({ script });
      this.#inTransaction = true;
      this.#generation = this.#pool.generation;
      return result;
    } catch (error) {
      await this.#pool.send({ script: "rollback" }).catch(() => {
        // No transaction was open, or the thread died: both leave none.
      });
      throw error;
    }
  }

  async #runInside(text: string, values: readonly unknown[] | undefined): Promise<HostResult> {
    const ends = endPattern.test(text) && !savepointPattern.test(text);
    try {
      if (this.#generation !== this.#pool.generation) {
        throw new AppError("database_restarted", "The embedded database was restarted; this transaction is gone.");
      }
      if (values === undefined || values.length === 0) return await this.#pool.send({ script: text });
      return await this.#pool.send({ text, values: values.map(toParameter) });
    } finally {
      if (ends) this.#leave();
    }
  }

  #leave(): void {
    this.#inTransaction = false;
    this.#pool.yieldSession(this);
  }

  /** Gives the client back; a transaction left open is rolled back. */
  release(): void {
    this.#pool.unsubscribe(this);
    if (!this.#inTransaction) return;
    void this.#runInside("rollback", undefined).catch(() => {
      // Only when the thread died, and with it the transaction.
    });
  }

  end(): Promise<void> {
    this.release();
    return Promise.resolve();
  }
}

function toParameter(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint" ? value.toString() : value;
}
