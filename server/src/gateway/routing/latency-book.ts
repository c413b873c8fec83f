import type { Clock } from "../../core/index.ts";
import { ByName } from "../reliability/by-name.ts";

/** Of each target so many are kept. */
const mostSamples = 200;

interface Sample {
  readonly at: number;
  readonly ms: number;
}

/** How long targets took lately: to the first useful event of a stream, to the end of a whole answer. The two are kept apart. */
export interface LatencyBook {
  note(target: string, stream: boolean, ms: number): void;
  /** Of those not older than the window; null when there are none. */
  median(target: string, stream: boolean, windowMs: number): number | null;
}

export function createLatencyBook(clock: Clock): LatencyBook {
  const book = new ByName<Sample[]>(() => true);
  const nameOf = (target: string, stream: boolean) => `${stream ? "stream" : "whole"} ${target}`;
  return {
    note(target, stream, ms) {
      const samples = book.of(nameOf(target, stream), () => []);
      samples.push({ at: clock.now(), ms });
      if (samples.length > mostSamples) samples.shift();
    },
    median(target, stream, windowMs) {
      const oldest = clock.now() - windowMs;
      const recent = (book.get(nameOf(target, stream)) ?? []).filter(({ at }) => at >= oldest).map(({ ms }) => ms);
      if (recent.length === 0) return null;
      const sorted = recent.toSorted((left, right) => left - right);
      const middle = sorted.length >> 1;
      return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
    },
  };
}
