import type { ChildProcess } from "node:child_process";
import { AppError, type Logger, forkPart } from "../core/index.ts";
import type { CarryJob, CarryResult, Carrier } from "../storage/index.ts";

export interface DrainQuestion {
  readonly id: number;
  readonly job: CarryJob;
}

export interface DrainAnswer {
  readonly id: number;
  readonly result?: CarryResult;
  readonly error?: { readonly message: string; readonly code: string | null; readonly known: boolean };
}

const endWithinMs = 5_000;

/** Carries batches in a process of its own, which is started with the first batch and again when it died. */
export function createCarrierInProcess({ logger }: { readonly logger: Logger }): Carrier {
  let child: ChildProcess | undefined;
  let asked = 0;
  let closed = false;

  function start(): ChildProcess {
    const started = forkPart({ name: "./carrier-host", base: import.meta.url });
    started.on("error", (error) => logger.warn({ err: error }, "the process that carries evidence to SQL could not be asked"));
    started.on("exit", (code, signal) => {
      if (child === started) child = undefined;
      if (!closed) logger.warn({ code, signal }, "the process that carries evidence to SQL ended; the next batch starts another");
    });
    return started;
  }

  return {
    carry(job) {
      const asking = (child ??= start());
      const id = ++asked;
      return new Promise((resolve, reject) => {
        function settle(): void {
          asking.off("message", onMessage);
          asking.off("exit", onExit);
        }
        function onMessage(said: DrainAnswer): void {
          if (said.id !== id) return;
          settle();
          if (said.result !== undefined) resolve(said.result);
          else reject(toError(said.error!));
        }
        function onExit(): void {
          settle();
          reject(new AppError("task_killed", "The process that carries evidence to SQL ended in the middle of a batch."));
        }
        asking.on("message", onMessage);
        asking.on("exit", onExit);
        asking.send({ id, job } satisfies DrainQuestion, (error) => {
          if (error === null) return;
          settle();
          reject(error);
        });
      });
    },
    async close() {
      closed = true;
      const ending = child;
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise((resolve) => ending.once("exit", resolve));
      const timer = setTimeout(() => ending.kill("SIGKILL"), endWithinMs);
      if (ending.connected) ending.disconnect();
      await ended;
      clearTimeout(timer);
    },
  };
}

function toError({ message, code, known }: NonNullable<DrainAnswer["error"]>): Error {
  if (known) return new AppError(code as ConstructorParameters<typeof AppError>[0], message);
  return Object.assign(new Error(message), code === null ? {} : { code });
}
