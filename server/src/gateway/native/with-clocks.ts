import type { Cancellation } from "../../core/index.ts";
import { clockRanOut } from "../exchange/failures.ts";
import type { SendClock } from "../exchange/failures.ts";
import type { SendClocks } from "../exchange/types.ts";
import type { ChatEvent } from "../types.ts";

export interface ClockOptions {
  readonly clocks: SendClocks;
  /** A whole answer has one clock, for all of it. */
  readonly isStream: boolean;
  readonly name: string;
  readonly signal: Cancellation;
}

/** Events of a model that has no clocks of its own. One that runs out stops the model; so does the signal, and whoever leaves the loop. */
export async function* withClocks(
  start: (signal: AbortSignal) => AsyncIterable<ChatEvent>,
  { clocks, isStream, name, signal }: ClockOptions,
): AsyncGenerator<ChatEvent> {
  const over = new AbortController();
  const stopped = Promise.withResolvers<never>();
  // Nobody may be waiting when it rings.
  stopped.promise.catch(() => undefined);
  const stop = (reason: unknown) => {
    stopped.reject(reason);
    over.abort(reason);
  };
  const onAbort = () => stop(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const ring = (clock: SendClock, ms: number) => setTimeout(() => stop(clockRanOut(clock, ms, name)), ms);
  const total = ring("total", clocks.totalMs);
  const events = start(over.signal)[Symbol.asyncIterator]();
  let hasBegun = false;
  try {
    for (;;) {
      // It runs while we wait for the model, not while the caller reads.
      const timer = isStream ? ring(hasBegun ? "gap" : "firstToken", hasBegun ? clocks.gapMs : clocks.firstTokenMs) : undefined;
      const step = await Promise.race([events.next(), stopped.promise]).finally(() => clearTimeout(timer));
      if (step.done === true) return;
      hasBegun ||= step.value.type !== "start" && step.value.type !== "usage";
      yield step.value;
    }
  } finally {
    clearTimeout(total);
    signal.removeEventListener("abort", onAbort);
    over.abort();
    void Promise.resolve(events.return?.(undefined)).catch(() => undefined);
  }
}
