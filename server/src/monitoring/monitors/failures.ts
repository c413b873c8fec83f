import { measureShare } from "./measure-share.ts";
import type { Monitor, MonitorInput } from "./types.ts";

/** Share of requests that failed, and share that a fallback had to answer. */
export const failures: Monitor = {
  name: "failures",
  measure: ({ window, settings }: MonitorInput) => [
    measureShare({
      monitor: "failures",
      measure: "failed or fell back",
      part: window.failed + window.fallbacks,
      whole: window.requests,
      threshold: settings.failures,
      detail: `${window.failed} of ${window.requests} failed, ${window.fallbacks} were answered by a fallback`,
    }),
  ],
};
