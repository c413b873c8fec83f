import { type ChildProcess, fork } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { setPriority } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { readEnvironment } from "./config.ts";
import { AppError } from "./errors.ts";

/**
 * The file of a worker beside the caller: `.ts` when run from source, `.js` when built (`tsc` does not rewrite
 * `new URL("./x.ts")`). `name` has no extension; `base` is the caller's `import.meta.url`.
 */
export function workerUrl(name: string, base: string): URL {
  return new URL(`${name}${base.endsWith(".ts") ? ".ts" : ".js"}`, base);
}

/** Starts a worker thread from a file beside the caller. */
export function startThread(name: string, base: string, workerData: unknown): Worker {
  return new Worker(workerUrl(name, base), { workerData, stderr: false });
}

export interface TaskOptions {
  /** Heap bound in MiB (`--max-old-space-size`). */
  readonly memoryMb?: number;
  /** Killed after this many milliseconds. */
  readonly timeoutMs?: number;
  /** Killed when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with each `{ progress }` message the task sends. */
  readonly onProgress?: (progress: unknown) => void;
}

interface TaskMessage {
  readonly result?: unknown;
  readonly progress?: unknown;
  readonly error?: { message: string; code?: string; details?: Record<string, unknown> };
}

const stderrKept = 4000;

/** Starts a file beside the caller as a process: niced, memory-capped, with no environment but PATH and NODE_OPTIONS. Whoever starts it ends it. */
export function forkTask(file: { name: string; base: string }, memoryMb = 2048): ChildProcess {
  const child = fork(fileURLToPath(workerUrl(file.name, file.base)), [], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "json",
    // How packages resolve must be the same in the task, whether it was said in NODE_OPTIONS or on the command line.
    execArgv: [
      ...process.execArgv.filter((argument) => argument.startsWith("--conditions=")),
      `--max-old-space-size=${memoryMb}`,
      ...compiledModules(),
    ],
    env: { PATH: readEnvironment("PATH"), NODE_OPTIONS: readEnvironment("NODE_OPTIONS") },
  });
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, 10);
    } catch {
      // The task may have ended already, or the platform refuses; it runs at normal priority then.
    }
  }
  return child;
}

/**
 * Runs a file beside the caller as a task process: forked, niced, memory-capped, killed on abort or deadline. It is
 * given one JSON job and answers with one JSON result; it gets no environment but PATH and NODE_OPTIONS, so no secret
 * and no database address reach it. A death by signal is `task_killed`, any other failure `task_failed`.
 */
export function runTask<T>(file: { name: string; base: string }, job: unknown, options: TaskOptions = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = forkTask(file, options.memoryMb);
    let answer: TaskMessage | undefined;
    let words = "";
    let reason = "";
    const kill = (why: string) => {
      reason = why;
      child.kill("SIGKILL");
    };
    const timer =
      options.timeoutMs === undefined ? undefined : setTimeout(() => kill(`it ran longer than ${options.timeoutMs} ms`), options.timeoutMs);
    const onAbort = () => kill("it was cancelled");
    if (options.signal?.aborted) onAbort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      words = (words + chunk).slice(-stderrKept);
    });
    child.on("message", (message: TaskMessage) => {
      if (message.progress !== undefined) options.onProgress?.(message.progress);
      else answer = message;
    });
    child.on("error", (cause) => {
      // Killed before it took its job: `close` follows and says so.
      if (reason === "" || child.pid === undefined)
        reject(new AppError("task_failed", `The task ${file.name} could not start.`, { cause }));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      if (answer?.error !== undefined) {
        reject(toTaskError(answer.error));
      } else if (answer !== undefined && "result" in answer && signal === null) {
        resolve(answer.result as T);
      } else if (signal !== null) {
        reject(
          new AppError("task_killed", `The task ${file.name} was killed (${reason || signal}).`, { details: { signal, stderr: words } }),
        );
      } else {
        reject(
          new AppError("task_failed", `The task ${file.name} ended with code ${code} and no result.`, {
            details: { exitCode: code, stderr: words },
          }),
        );
      }
    });
    child.send({ job });
  });
}

/** Compiling its modules anew is half of a short task. By argument: PATH and NODE_OPTIONS are all the environment it gets. */
function compiledModules(): string[] {
  const own = getCompileCacheDir();
  if (own === undefined) return [];
  // Its parent: Node keeps a folder for each of its versions in the one it is given.
  const enable = `import { enableCompileCache } from "node:module"; enableCompileCache(${JSON.stringify(dirname(own))});`;
  return [`--import=data:text/javascript,${encodeURIComponent(enable)}`];
}

function toTaskError(error: NonNullable<TaskMessage["error"]>): AppError {
  const code = error.code as ConstructorParameters<typeof AppError>[0] | undefined;
  return new AppError(code ?? "task_failed", error.message, { details: error.details ?? {} });
}

/** The other side of `runTask`: call once at the top of a task file. */
export function serveTask<J, R>(run: (job: J, progress: (value: unknown) => void) => Promise<R>): void {
  process.once("message", (message: { job: J }) => {
    void run(message.job, (progress) => process.send?.({ progress }))
      .then(
        (result) => ({ result: result ?? null }),
        (error: unknown) => ({
          error: {
            message: error instanceof Error ? error.message : String(error),
            ...(error instanceof AppError ? { code: error.code, details: error.details } : {}),
          },
        }),
      )
      .then((answer) => process.send?.(answer, () => process.disconnect()));
  });
}

/**
 * Starts a file beside the caller as a part of this program in a process of its own, with its environment: for work of ours that must
 * not take this process's CPU. It must end by itself when its channel closes; signals to the group of a terminal are not for it.
 */
export function forkPart(file: { name: string; base: string }): ChildProcess {
  return fork(fileURLToPath(workerUrl(file.name, file.base)), [], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "json",
    execArgv: [...process.execArgv.filter((argument) => argument.startsWith("--conditions=")), ...compiledModules()],
  });
}
