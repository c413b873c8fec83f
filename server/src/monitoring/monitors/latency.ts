import { type MonitorInput, type Monitor } from "./types.ts";
import { measureShare } from "./measure-share.ts";

/** Share of answers that took longer than the function's latency budget. */
export const latency: Monitor = {
  name: "latency",
  measure: ({ window, settings }: MonitorInput) => [
    measureShare({
      monitor: "latency",
      measure: "over budget",
      part: window.overBudget,
      whole: window.requests,
      threshold: settings.overBudget,
      detail: `${window.overBudget} of ${window.requests} took longer than ${window.budgetMs} ms`,
    }),
  ],
};
