import type { AppError, Clock } from "../../core/index.ts";
import type { Batch } from "./types.ts";

/** What all rows of a batch wait for together: a switch, a limit, a node that starts. */
export interface Gate {
  /** Resolves once nothing holds the rows back, with how often they were held by then; rejects with the signal's reason. */
  pass(signal: AbortSignal): Promise<number>;
  /** From here on rows wait, for this long at least. */
  hold(error: AppError, ms: number): void;
  /** A row that passed got through. It says nothing of what held the others since. */
  clear(passed: number): void;
  readonly waiting: Batch["waiting"];
}

const otherRowsLookMs = 50;

/** When the time is up one row tries; if it gets through, the gate is open for all. */
export function createGate(clock: Clock): Gate {
  let waiting: Batch["waiting"] = null;
  let opened = Promise.withResolvers<void>();
  let holds = 0;
  let until = 0;
  let isTried = false;
  return {
    get waiting() {
      return waiting;
    },
    async pass(signal) {
      for (;;) {
        signal.throwIfAborted();
        if (waiting === null) return holds;
        const left = until - performance.now();
        if (left <= 0 && !isTried) {
          isTried = true;
          return holds;
        }
        await pause(Math.max(left, otherRowsLookMs), { signal, opened: opened.promise });
      }
    },
    hold({ code, message }, ms) {
      until = performance.now() + ms;
      holds++;
      isTried = false;
      if (waiting?.code === code) return;
      waiting = { code, message, since: new Date(clock.now()).toISOString() };
    },
    clear(passed) {
      if (passed !== holds || waiting === null) return;
      waiting = null;
      isTried = false;
      opened.resolve();
      opened = Promise.withResolvers<void>();
    },
  };
}

function pause(ms: number, { signal, opened }: { signal: AbortSignal; opened: Promise<void> }): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    void opened.then(done);
  });
}
