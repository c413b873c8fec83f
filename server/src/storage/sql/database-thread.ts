import type { Worker } from "node:worker_threads";
import { AppError, type Logger, startThread } from "../../core/index.ts";
import type { HostMessage, HostRequest, HostResult } from "./pglite-host.ts";

export interface DatabaseThreadOptions {
  /** The PGlite data folder. */
  readonly folder: string;
  readonly logger: Logger;
  /** A statement that takes longer is taken for hung: the thread is ended and opened again. */
  readonly watchdogMs?: number | undefined;
  /** How long a statement waits for a thread that is being opened again, before it is `database_unavailable`. */
  readonly patienceMs?: number | undefined;
  readonly onNotification: (channel: string, payload: string) => void;
  /** Repeats what a new session has to be told. */
  readonly onReopened: () => Promise<void>;
}

interface Pending {
  readonly resolve: (result: HostResult) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const defaultWatchdogMs = 60_000;
const openingLimitMs = 120_000;
const longestPauseMs = 5000;
const defaultPatienceMs = 30_000;

/**
 * The thread PGlite lives in. It answers requests in order. When it dies, requests under way are rejected with
 * `database_restarted` (what they did may or may not have been committed) and it is opened again until that succeeds.
 */
export class DatabaseThread {
  /** Grows with every death of the thread: a transaction begun before one is gone. */
  generation = 0;
  readonly #options: DatabaseThreadOptions;
  #worker: Worker | undefined;
  #state: "opening" | "open" | "closed" = "opening";
  #reopening: Promise<void> = Promise.resolve();
  #nextId = 0;
  readonly #pending = new Map<number, Pending>();

  constructor(options: DatabaseThreadOptions) {
    this.#options = options;
  }

  /** Opens the folder, or throws `database_unavailable`. */
  async open(): Promise<void> {
    try {
      await this.#spawn();
      this.#state = "open";
    } catch (error) {
      this.#state = "closed";
      throw error;
    }
  }

  async send(request: Omit<HostRequest, "id">): Promise<HostResult> {
    if (this.#state === "opening") await this.#untilReopened();
    if (this.#state !== "open") throw new AppError("database_unavailable", "The embedded database is closed.");
    return this.#post(request);
  }

  /** Ends the thread at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  async close(): Promise<void> {
    if (this.#state === "open") {
      await this.#post({ close: true }).catch((error: unknown) =>
        this.#options.logger.warn({ err: error }, "the embedded database did not close cleanly"),
      );
    }
    this.#state = "closed";
    this.#rejectPending(new AppError("database_unavailable", "The embedded database is closed."));
    await this.#worker?.terminate();
    await this.#reopening;
  }

  #spawn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = startThread("./pglite-host", import.meta.url, { folder: this.#options.folder });
      const timer = setTimeout(() => void worker.terminate(), openingLimitMs);
      this.#worker = worker;
      worker.on("message", (message: HostMessage) => {
        if ("ready" in message) {
          clearTimeout(timer);
          resolve();
        } else if ("failed" in message) {
          reject(
            new AppError("database_unavailable", `The embedded database in ${this.#options.folder} cannot be opened: ${message.failed}`),
          );
        } else if ("channel" in message) {
          this.#options.onNotification(message.channel, message.payload);
        } else {
          this.#settle(message);
        }
      });
      worker.on("error", (error) => this.#options.logger.error({ err: error }, "the database thread failed"));
      worker.on("exit", (code) => {
        clearTimeout(timer);
        reject(new AppError("database_unavailable", `The database thread ended with code ${code} while opening ${this.#options.folder}.`));
        if (this.#state === "open") this.#onDeath(code);
      });
    });
  }

  #onDeath(code: number): void {
    this.#options.logger.error({ code }, "the database thread ended; opening it again");
    this.#state = "opening";
    this.generation += 1;
    this.#rejectPending(new AppError("database_restarted", "The embedded database was restarted while this statement ran."));
    this.#reopening = this.#reopen();
  }

  async #reopen(): Promise<void> {
    for (let attempt = 0; this.#isOpening(); attempt++) {
      try {
        await this.#spawn();
        if (!this.#isOpening()) return;
        this.#state = "open";
        await this.#options.onReopened();
        this.#options.logger.info("the database thread is open again");
        return;
      } catch (error) {
        // A thread that died while `onReopened` ran has its own `#onDeath`, and with it a reopening of its own.
        if (!this.#isOpening()) return;
        this.#options.logger.error({ err: error, attempt }, "the database thread could not be opened again");
        await new Promise((done) => setTimeout(done, Math.min(100 * 2 ** attempt, longestPauseMs)).unref());
      }
    }
  }

  // A method, because the state changes while others are awaited.
  #isOpening(): boolean {
    return this.#state === "opening";
  }

  async #untilReopened(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new AppError("database_unavailable", "The embedded database is being opened again.")),
        this.#options.patienceMs ?? defaultPatienceMs,
      );
    });
    try {
      while (this.#isOpening()) await Promise.race([this.#reopening, patience]);
    } finally {
      clearTimeout(timer);
    }
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
        void this.kill();
      }, watchdogMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#worker!.postMessage({ ...request, id });
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

  #rejectPending(error: Error): void {
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(error);
    }
    this.#pending.clear();
  }
}
