import type { AppError, Clock } from "../../core/index.ts";
import type { Batch } from "./types.ts";

/** What all rows of a batch wait for together: a switch, a limit, a node that starts. */
export interface Gate {
  /** Resolves once nothing holds the rows back; rejects with the signal's reason. */
  pass(signal: AbortSignal): Promise<void>;
  /** From here on rows wait, for this long at least. */
  hold(error: AppError, ms: number): void;
  /** A row got through. */
  clear(): void;
  readonly waiting: Batch["waiting"];
}

/** When the time is up the rows ask again; one that gets through opens the gate for all. */
export function createGate(clock: Clock): Gate {
  let waiting: Batch["waiting"] = null;
  let until = 0;
  return {
    get waiting() {
      return waiting;
    },
    async pass(signal) {
      for (;;) {
        signal.throwIfAborted();
        const left = until - performance.now();
        if (waiting === null || left <= 0) return;
        await pause(left, signal);
      }
    },
    hold({ code, message }, ms) {
      until = performance.now() + ms;
      if (waiting?.code === code) return;
      waiting = { code, message, since: new Date(clock.now()).toISOString() };
    },
    clear() {
      waiting = null;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
