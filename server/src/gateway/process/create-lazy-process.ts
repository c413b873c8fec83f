import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { AppError } from "../../core/index.ts";
import { readWorkerAnswer } from "../read-worker-answer.ts";
import type { WorkerAnswer } from "../worker-answer.ts";
import type { ProcessQuestion } from "./protocol.ts";

export interface LazyProcessOptions {
  readonly start: () => ChildProcess;
  /** For messages. */
  readonly name: string;
  /** Questions that may wait; past it `overloaded`. */
  readonly maxWaiting: number;
  /** Without a question for so long it is ended. */
  readonly idleMs: number;
  /** A question nobody waits for any more may hold it so long, then it is ended. */
  readonly graceMs?: number;
}

/** A process that starts with the first question and keeps nobody alive. One that died starts again with the next. */
export interface LazyProcess<Question, Answer> {
  /** `overloaded`, `task_killed`, or what the process said; the signal's reason when it aborts. */
  ask(question: Question, signal?: AbortSignal): Promise<Answer>;
  close(): void;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

const wordsKept = 2000;

export function createLazyProcess<Question, Answer>(options: LazyProcessOptions): LazyProcess<Question, Answer> {
  type Entry = Waiting<Question, Answer>;
  const { name, maxWaiting, idleMs, graceMs = 5000 } = options;
  const waiting: Entry[] = [];
  let child: ChildProcess | undefined;
  let asked: Entry | undefined;
  let idle: NodeJS.Timeout | undefined;
  let closed = false;

  function open(): ChildProcess {
    const started = options.start();
    let words = "";
    const die = (reason: string) => {
      if (child !== started) return;
      child = undefined;
      const entry = asked;
      asked = undefined;
      entry?.reject(new AppError("task_killed", `The process of ${name} died while it held this request (${reason}).`));
      next();
    };
    started.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      words = (words + chunk).slice(-wordsKept);
    });
    started.on("message", (message: WorkerAnswer<Answer>) => {
      if (child !== started) return;
      const entry = asked;
      asked = undefined;
      try {
        entry?.resolve(readWorkerAnswer(message));
      } catch (error) {
        entry?.reject(error);
      }
      next();
    });
    started.on("error", (error) => die(error.message));
    started.on("close", (code, signal) => die(`${signal ?? `exit code ${code}`}${words.trim() === "" ? "" : `: ${words.trim()}`}`));
    return started;
  }

  function next(): void {
    if (asked !== undefined) return;
    asked = waiting.shift();
    if (asked === undefined) return rest();
    clearTimeout(idle);
    // Its end may be known before its last words are read.
    if (child === undefined || !child.connected || child.exitCode !== null || child.signalCode !== null) child = open();
    child.ref();
    child.channel?.ref();
    // One that could not start says so itself.
    child.send({ question: asked.question } satisfies ProcessQuestion<Question>, () => undefined);
  }

  function rest(): void {
    const resting = child;
    if (resting === undefined) return;
    resting.unref();
    resting.channel?.unref();
    (resting.stderr as Socket | null)?.unref();
    clearTimeout(idle);
    idle = setTimeout(() => {
      if (child === resting) child = undefined;
      resting.kill("SIGKILL");
    }, idleMs).unref();
  }

  function leave(entry: Entry): void {
    if (waiting.includes(entry)) waiting.splice(waiting.indexOf(entry), 1);
    if (asked !== entry) return;
    // It may be nearly done, and the next one needs it opened; one that hangs would hold up all.
    const holding = child;
    setTimeout(() => {
      if (asked === entry) holding?.kill("SIGKILL");
    }, graceMs).unref();
  }

  return {
    async ask(question, signal) {
      signal?.throwIfAborted();
      if (closed || waiting.length >= maxWaiting)
        throw new AppError("overloaded", closed ? "The gateway is closing." : `${waiting.length} requests wait for ${name} already.`);
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const entry: Entry = { question, resolve, reject };
      const onAbort = () => {
        leave(entry);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      waiting.push(entry);
      next();
      return promise.finally(() => signal?.removeEventListener("abort", onAbort));
    },
    close() {
      closed = true;
      clearTimeout(idle);
      for (const { reject } of waiting.splice(0)) reject(new AppError("overloaded", "The gateway is closing."));
      child?.kill("SIGKILL");
    },
  };
}
