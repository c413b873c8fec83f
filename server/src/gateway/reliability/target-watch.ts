import type { Clock } from "../../core/index.ts";
import { createLatencyBook } from "../routing/latency-book.ts";
import { ByName } from "./by-name.ts";
import { healthOf } from "./retryable.ts";
import { type SlidingCounts, createSlidingCounts } from "./sliding-counts.ts";

/** So far back failures are told. */
export const watchedMs = 300_000;

export interface WatchedTarget {
  /** Tries under way, a stream until its end. */
  readonly inFlight: number;
  readonly calls: number;
  readonly failures: number;
  /** Medians of those that answered; null without any. */
  readonly firstTokenMs: number | null;
  readonly wholeMs: number | null;
}

/** What goes on at each target, for people to look at: nothing is decided by it. */
export interface TargetWatch {
  /** A try that begins. What it says to its end counts once. */
  begin(target: string): WatchedTry;
  read(target: string): WatchedTarget;
  /** Asked lately, or being asked. */
  names(): string[];
}

export interface WatchedTry {
  /** It has the first useful event of a stream, or the whole of an answer. */
  answered(isStream: boolean): void;
  ended(): void;
  failed(problem: unknown): void;
}

interface Entry {
  inFlight: number;
  readonly counts: SlidingCounts;
}

export function createTargetWatch(clock: Clock): TargetWatch {
  // What routing goes by counts failures as slow; people are told how long answers take.
  const times = createLatencyBook(clock);
  const entries = new ByName<Entry>(({ inFlight }) => inFlight === 0);
  return {
    begin(target) {
      const entry = entries.of(target, () => ({ inFlight: 0, counts: createSlidingCounts(watchedMs) }));
      const from = performance.now();
      let isOver = false;
      const end = (health: ReturnType<typeof healthOf>) => {
        if (isOver) return;
        isOver = true;
        entry.inFlight -= 1;
        if (health !== "dropped") entry.counts.add(clock.now(), health === "failed");
      };
      entry.inFlight += 1;
      return {
        answered: (isStream) => times.note(target, isStream, performance.now() - from),
        ended: () => end("succeeded"),
        failed: (problem) => end(healthOf(problem)),
      };
    },
    read(target) {
      const entry = entries.get(target);
      return {
        inFlight: entry?.inFlight ?? 0,
        ...(entry?.counts.read(clock.now()) ?? { calls: 0, failures: 0 }),
        firstTokenMs: times.median(target, true, watchedMs),
        wholeMs: times.median(target, false, watchedMs),
      };
    },
    names: () =>
      entries.names().filter((name) => {
        const { inFlight, counts } = entries.get(name)!;
        return inFlight > 0 || counts.read(clock.now()).calls > 0;
      }),
  };
}
