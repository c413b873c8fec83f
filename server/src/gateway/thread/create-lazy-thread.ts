import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { AppError } from "../../core/index.ts";
import { readWorkerAnswer } from "../read-worker-answer.ts";
import type { WorkerAnswer } from "../worker-answer.ts";
import type { ThreadMessage } from "./protocol.ts";

export interface LazyThreadOptions {
  readonly start: () => Worker;
  /** Questions that may wait; past it `overloaded`. */
  readonly maxWaiting: number;
}

/** A worker thread that starts with the first question and does not keep the process alive. One that died starts again. */
export interface LazyThread<Question, Answer> {
  /** `overloaded`, `thread_died`, or what the thread said; the signal's reason when it aborts. */
  ask(question: Question, signal?: AbortSignal): Promise<Answer>;
  /** When what it does now is done. */
  close(): Promise<void>;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export function createLazyThread<Question, Answer>({ start, maxWaiting }: LazyThreadOptions): LazyThread<Question, Answer> {
  type Entry = Waiting<Question, Answer>;
  const waiting: Entry[] = [];
  let thread: Worker | undefined;
  let asked: Entry | undefined;
  let closed = false;

  function open(): Worker {
    const worker = start();
    let reason = "it ended";
    worker.on("message", (message: WorkerAnswer<Answer>) => {
      const entry = asked;
      asked = undefined;
      try {
        entry?.resolve(readWorkerAnswer(message));
      } catch (error) {
        entry?.reject(error);
      }
      next();
    });
    worker.on("error", (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", () => {
      if (thread === worker) thread = undefined;
      const entry = asked;
      asked = undefined;
      entry?.reject(new AppError("thread_died", `The thread died while it held this request (${reason}).`));
      next();
    });
    return worker;
  }

  function next(): void {
    if (asked !== undefined) return;
    asked = waiting.shift();
    if (asked === undefined) return thread?.unref();
    thread ??= open();
    thread.ref();
    thread.postMessage({ kind: "ask", question: asked.question } satisfies ThreadMessage<Question>);
  }

  return {
    async ask(question, signal) {
      signal?.throwIfAborted();
      if (closed || waiting.length >= maxWaiting)
        throw new AppError("overloaded", closed ? "The gateway is closing." : `${waiting.length} requests wait for this thread already.`);
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const entry: Entry = { question, resolve, reject };
      const leave = () => {
        if (waiting.includes(entry)) waiting.splice(waiting.indexOf(entry), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      waiting.push(entry);
      next();
      return promise.finally(() => signal?.removeEventListener("abort", leave));
    },
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(new AppError("overloaded", "The gateway is closing."));
      if (thread === undefined) return;
      const ended = once(thread, "exit");
      thread.ref();
      // Never `terminate()`: on a thread inside a native run that ends the whole process.
      thread.postMessage({ kind: "close" } satisfies ThreadMessage<Question>);
      await ended;
    },
  };
}
