import type { Clock } from "../../core/index.ts";

const forgetMs = 3_600_000;
const mostModels = 1000;

/** The longest answers of late, by model: what to reserve for callers who set no bound. */
export interface OutputPeaks {
  note(target: string, tokens: number): void;
  /** 0 when nothing is known. */
  of(target: string): number;
}

export function createOutputPeaks(clock: Clock): OutputPeaks {
  const peaks = new Map<string, { readonly tokens: number; readonly at: number }>();

  function of(target: string): number {
    const peak = peaks.get(target);
    return peak === undefined || clock.now() - peak.at > forgetMs ? 0 : peak.tokens;
  }

  return {
    of,
    note(target, tokens) {
      if (tokens < of(target)) return;
      peaks.delete(target);
      if (peaks.size >= mostModels) peaks.delete(peaks.keys().next().value!);
      peaks.set(target, { tokens, at: clock.now() });
    },
  };
}
