import type { Worker } from "node:worker_threads";
import { AppError, type Deadline, type Logger, startThread } from "../../core/index.ts";
import type { InputRow, OpenModel, RunAnswer } from "./protocol.ts";
import { takeBatch } from "./take-batch.ts";
import { ThreadHost } from "./thread-host.ts";

export interface RuntimeConfig {
  readonly threads: number;
  /** Requests that may wait; past it `overloaded`. */
  readonly maxQueue: number;
  readonly maxBatchRows: number;
  /** Sessions kept open in each thread; the least recently used goes first. */
  readonly maxSessions: number;
}

export interface RuntimeDeps {
  readonly config: RuntimeConfig;
  readonly logger: Logger;
  /** Another way to start the thread; for tests. */
  readonly start?: (() => Worker) | undefined;
}

/** What one row came to. */
export interface RowAnswer {
  /** One per label, in the signature's order; of a regression the one value. */
  readonly probabilities: Float32Array;
  /** Rows that went through the session together. */
  readonly batch: number;
  readonly waitMs: number;
  /** The session's time for the whole batch. */
  readonly runMs: number;
}

/** ONNX sessions in worker threads, with idle-first batching: a lone request never waits; those of one turn, and those that come while a run is on, go together. */
export interface Runtime {
  /** Opens and warms a model in every thread. Cheap when it is open. `model_runtime_missing`, `model_not_ready` when the file cannot be opened. */
  load(model: OpenModel): Promise<void>;
  /** True when it was loaded and not closed since; a thread may be restarting. */
  holds(hash: string): boolean;
  /** True when every living thread holds it. */
  isReady(hash: string): boolean;
  /** `overloaded`, `deadline_exceeded` (when it still waits), `thread_died`, `model_not_ready` unless it was loaded. */
  run(hash: string, row: InputRow, deadline?: Deadline): Promise<RowAnswer>;
  close(): Promise<void>;
}

interface Request {
  readonly hash: string;
  readonly characters: number;
  readonly row: InputRow;
  readonly queuedAt: number;
  resolve(answer: RowAnswer): void;
  reject(error: unknown): void;
}

/** Padded characters of one batch: about 10 ms of work. */
const maxBatchCharacters = 65_536;
const longestRestartMs = 5000;

export function createRuntime({ config, logger, start = startModelThread }: RuntimeDeps): Runtime {
  /** Open models, least recently used first. */
  const models = new Map<string, OpenModel>();
  const queue: Request[] = [];
  const threads: (ThreadHost | undefined)[] = [];
  const restarts = new Set<NodeJS.Timeout>();
  let closed = false;
  /** Requests of this turn go together at its end. */
  let due = false;

  for (let index = 0; index < config.threads; index++) startAt(index, 0);

  function startAt(index: number, failures: number): void {
    const startedAt = performance.now();
    const thread = new ThreadHost(start(), (reason) => {
      threads[index] = undefined;
      if (closed) return;
      // One that lived for a while died of one request; one that dies at once would be restarted in a circle.
      const inRow = performance.now() - startedAt > 10_000 ? 0 : failures + 1;
      const waitMs = inRow <= 1 ? 0 : Math.min(longestRestartMs, 50 * 2 ** inRow);
      logger.error({ reason, restartInMs: waitMs }, "a model thread died");
      const timer = setTimeout(() => {
        restarts.delete(timer);
        startAt(index, inRow);
      }, waitMs);
      restarts.add(timer);
    });
    threads[index] = thread;
    if (models.size > 0) void reload(thread);
  }

  function living(): ThreadHost[] {
    return threads.filter((thread) => thread !== undefined);
  }

  async function reload(thread: ThreadHost): Promise<void> {
    for (const model of [...models.values()].reverse()) {
      try {
        await thread.load(model);
      } catch (error) {
        // It may be what killed the thread: without it the others live on.
        logger.error({ err: error, hash: model.hash }, "a model could not be loaded again");
        forget(model.hash, error);
      }
      dispatch();
    }
  }

  /** Requests that wait for a model that is not to be had would wait forever. */
  function forget(hash: string, error: unknown): void {
    models.delete(hash);
    for (const request of queue.filter((each) => each.hash === hash)) {
      queue.splice(queue.indexOf(request), 1);
      request.reject(error);
    }
  }

  /** Its time is up: out of the queue, if it still waits. */
  function drop(request: Request): void {
    const at = queue.indexOf(request);
    if (at === -1) return;
    queue.splice(at, 1);
    request.reject(deadlinePassed());
  }

  function dispatch(): void {
    while (queue.length > 0) {
      const thread = threads.find((each) => each !== undefined && !each.busy && each.loaded.has(queue[0]!.hash));
      if (thread === undefined) return;
      runBatch(thread, takeBatch(queue, { rows: config.maxBatchRows, characters: maxBatchCharacters }));
    }
  }

  function dispatchDue(): void {
    due = false;
    dispatch();
  }

  function runBatch(thread: ThreadHost, batch: readonly Request[]): void {
    thread.busy = true;
    const sentAt = performance.now();
    thread
      .run(
        batch[0]!.hash,
        batch.map((request) => request.row),
      )
      .then(
        (answer) => {
          // The next batch is on its way before these answers are worked on.
          thread.busy = false;
          dispatch();
          settle(batch, answer, sentAt);
        },
        (error: unknown) => {
          for (const request of batch) request.reject(error);
          thread.busy = false;
          dispatch();
        },
      );
  }

  return {
    async load(model) {
      models.delete(model.hash);
      models.set(model.hash, model);
      await evict();
      try {
        await Promise.all(
          living()
            .filter((thread) => !thread.loaded.has(model.hash))
            .map((thread) => thread.load(model)),
        );
      } catch (error) {
        forget(model.hash, error);
        throw error;
      }
      dispatch();
    },

    holds: (hash) => models.has(hash),

    isReady(hash) {
      const held = living().map((thread) => thread.loaded.has(hash));
      return held.length > 0 && !held.includes(false);
    },

    run(hash, row, deadline) {
      if (closed) return Promise.reject(new AppError("overloaded", "The model runtime is closing."));
      if (deadline?.passed() === true) return Promise.reject(deadlinePassed());
      const model = models.get(hash);
      if (model === undefined) return Promise.reject(new AppError("model_not_ready", `The model file ${hash} is not loaded on this node.`));
      // Those of this turn do not wait for a thread yet, where one is idle.
      if (queue.length >= config.maxQueue) dispatch();
      if (queue.length >= config.maxQueue) {
        return Promise.reject(
          new AppError("overloaded", `${queue.length} requests wait for the model already.`, {
            details: { waiting: queue.length, bound: config.maxQueue },
          }),
        );
      }
      touch(model);
      return new Promise((resolve, reject) => {
        const request: Request = {
          hash,
          characters: longestText(row),
          row,
          queuedAt: performance.now(),
          resolve,
          reject,
        };
        queue.push(request);
        if (!due) setImmediate(dispatchDue);
        due = true;
        deadline?.onEnd(() => drop(request));
      });
    },

    async close() {
      closed = true;
      for (const timer of restarts) clearTimeout(timer);
      for (const request of queue.splice(0)) request.reject(new AppError("overloaded", "The model runtime is closing."));
      await Promise.all(living().map((thread) => thread.close()));
    },
  };

  function touch(model: OpenModel): void {
    if (models.size < 2) return;
    models.delete(model.hash);
    models.set(model.hash, model);
  }

  async function evict(): Promise<void> {
    for (const hash of models.keys()) {
      if (models.size <= config.maxSessions) return;
      if (queue.some((request) => request.hash === hash)) continue;
      models.delete(hash);
      const unload = (thread: ThreadHost) =>
        thread.unload(hash).catch((error: unknown) => logger.warn({ err: error, hash }, "a model could not be closed"));
      await Promise.all(living().map(unload));
    }
  }
}

function startModelThread(): Worker {
  return startThread("./model-thread", import.meta.url, undefined);
}

function settle(batch: readonly Request[], { probabilities, runMs }: RunAnswer, sentAt: number): void {
  const width = probabilities.length / batch.length;
  for (const [index, request] of batch.entries()) {
    request.resolve({
      probabilities: batch.length === 1 ? probabilities : probabilities.subarray(index * width, (index + 1) * width),
      batch: batch.length,
      waitMs: sentAt - request.queuedAt,
      runMs,
    });
  }
}

function deadlinePassed(): AppError {
  return new AppError("deadline_exceeded", "The deadline passed while the request waited for the model.");
}

function longestText(row: InputRow): number {
  let longest = 0;
  for (const cell of row) if (typeof cell === "string" && cell.length > longest) longest = cell.length;
  return longest;
}
