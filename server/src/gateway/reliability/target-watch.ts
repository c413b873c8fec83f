import type { Clock } from "../../core/index.ts";
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
  ended(): void;
  failed(problem: unknown): void;
}

interface Entry {
  inFlight: number;
  readonly counts: SlidingCounts;
}

export function createTargetWatch(clock: Clock): TargetWatch {
  const entries = new ByName<Entry>(({ inFlight }) => inFlight === 0);
  return {
    begin(target) {
      const entry = entries.of(target, () => ({ inFlight: 0, counts: createSlidingCounts(watchedMs) }));
      let isOver = false;
      const end = (health: ReturnType<typeof healthOf>) => {
        if (isOver) return;
        isOver = true;
        entry.inFlight -= 1;
        if (health !== "dropped") entry.counts.add(clock.now(), health === "failed");
      };
      entry.inFlight += 1;
      return { ended: () => end("succeeded"), failed: (problem) => end(healthOf(problem)) };
    },
    read(target) {
      const entry = entries.get(target);
      return entry === undefined ? { inFlight: 0, calls: 0, failures: 0 } : { inFlight: entry.inFlight, ...entry.counts.read(clock.now()) };
    },
    names: () =>
      entries.names().filter((name) => {
        const { inFlight, counts } = entries.get(name)!;
        return inFlight > 0 || counts.read(clock.now()).calls > 0;
      }),
  };
}
