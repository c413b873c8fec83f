import type { Jobs } from "../jobs/index.ts";
import { onAlertWorkflow, onModelWorkflow } from "./jobs.ts";

/** What this module listens to. It emits `release.<stage>` for every change of traffic. */
export function subscribeRelease(jobs: Pick<Jobs, "subscribe">): void {
  jobs.subscribe("monitoring.alert-opened", "release", onAlertWorkflow);
  jobs.subscribe("models.version-registered", "release", onModelWorkflow);
}
