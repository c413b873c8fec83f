import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { AppError } from "../../core/index.ts";
import type { InputRow, OpenModel, RunAnswer, ThreadAnswer, ThreadRequest } from "./protocol.ts";

interface Call {
  resolve(answer: RunAnswer | null): void;
  reject(error: AppError): void;
}

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

/** One worker thread as the runtime sees it. When it dies, what it held is refused with `thread_died`. */
export class ThreadHost {
  readonly loaded = new Set<string>();
  busy = false;
  alive = true;
  #worker: Worker;
  #calls = new Map<number, Call>();
  #lastId = 0;

  constructor(worker: Worker, onExit: (reason: string) => void) {
    this.#worker = worker;
    let reason = "it ended";
    worker.on("message", (message: ThreadAnswer) => this.#onAnswer(message));
    worker.on("error", (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", (code) => {
      this.alive = false;
      this.loaded.clear();
      const calls = [...this.#calls.values()];
      this.#calls.clear();
      for (const call of calls)
        call.reject(new AppError("thread_died", `The model thread died while it held this request (${reason}, code ${code}).`));
      onExit(reason);
    });
  }

  async load(model: OpenModel): Promise<void> {
    await this.#call({ kind: "load", model });
    this.loaded.add(model.hash);
  }

  async unload(hash: string): Promise<void> {
    this.loaded.delete(hash);
    await this.#call({ kind: "unload", hash });
  }

  async run(hash: string, rows: readonly InputRow[]): Promise<RunAnswer> {
    return (await this.#call({ kind: "run", hash, rows }))!;
  }

  /**
   * Ends it when what it does now is done. Never `terminate()`: on a thread inside a native run that ends the whole process, since
   * ONNX Runtime's binding throws where nobody can catch it.
   */
  async close(): Promise<void> {
    if (!this.alive) return;
    const ended = once(this.#worker, "exit");
    this.#worker.postMessage({ id: 0, kind: "close" } satisfies ThreadRequest);
    await ended;
  }

  #call(request: Unnumbered<ThreadRequest>): Promise<RunAnswer | null> {
    // A message to a thread that ended goes nowhere.
    if (!this.alive) return Promise.reject(new AppError("thread_died", "The model thread died; it is being restarted."));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request });
    });
  }

  #onAnswer(message: ThreadAnswer): void {
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (call === undefined) return;
    if ("error" in message) call.reject(new AppError(message.error.code, message.error.message));
    else call.resolve(message.answer);
  }
}
