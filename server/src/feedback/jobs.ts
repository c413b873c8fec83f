import type { Jobs } from "../jobs/index.ts";
import { type CurateDeps, curateDataset } from "./curate-dataset.ts";
import type { FeedbackSeals } from "./seal-hours.ts";
import type { Curation } from "./types.ts";

export const curateWorkflow = "feedback.curate@1";

export function defineWorkflows(jobs: Jobs, deps: CurateDeps): void {
  jobs.defineWorkflow<Curation, string>(curateWorkflow, (workflow, input) => curateDataset(workflow.context, input, { workflow, deps }));
}

/** Before the jobs start. Each run seals all that is due, so one that was missed is made up for by the next. */
export function defineSealSchedule(jobs: Pick<Jobs, "defineSchedule">, seals: FeedbackSeals): void {
  jobs.defineSchedule("feedback.seal-hours", 3_600_000, async () => {
    await seals.sealHours();
  });
}
