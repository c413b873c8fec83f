import type { Clock } from "../../core/index.ts";
import { ByName } from "../reliability/by-name.ts";

/** Of each target so many are kept. */
const mostSamples = 200;

/** The latest samples, in a ring. */
interface Samples {
  readonly at: Float64Array;
  readonly ms: Float64Array;
  count: number;
}

/** How long targets took lately: to the first useful event of a stream, to the end of a whole answer. The two are kept apart. */
export interface LatencyBook {
  note(target: string, stream: boolean, ms: number): void;
  /** Of those not older than the window; null when there are none. */
  median(target: string, stream: boolean, windowMs: number): number | null;
}

export function createLatencyBook(clock: Clock): LatencyBook {
  const streams = new ByName<Samples>(() => true);
  const wholes = new ByName<Samples>(() => true);
  return {
    note(target, stream, ms) {
      const samples = (stream ? streams : wholes).of(target, createSamples);
      const place = samples.count % mostSamples;
      samples.at[place] = clock.now();
      samples.ms[place] = ms;
      samples.count += 1;
    },
    median(target, stream, windowMs) {
      const samples = (stream ? streams : wholes).get(target);
      if (samples === undefined) return null;
      const oldest = clock.now() - windowMs;
      const kept = Math.min(samples.count, mostSamples);
      const recent = samples.ms.subarray(0, kept).filter((_, place) => samples.at[place]! >= oldest);
      if (recent.length === 0) return null;
      const sorted = recent.sort();
      const middle = sorted.length >> 1;
      return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
    },
  };
}

function createSamples(): Samples {
  return { at: new Float64Array(mostSamples), ms: new Float64Array(mostSamples), count: 0 };
}
