import type { Context } from "../core/index.ts";
import type { Jobs } from "../jobs/index.ts";

export const watchSchedule = "monitoring.watch";
const everyMs = 2000;

/** Looks every two seconds whether a window is complete; most of the time that is one small query a function. */
export function defineSchedules(jobs: Jobs, watch: (context: Context) => Promise<void>): void {
  jobs.defineSchedule(watchSchedule, everyMs, watch);
}
