import type { Jobs } from "../jobs/index.ts";
import { type CurateDeps, curateDataset } from "./curate-dataset.ts";
import type { Curation } from "./types.ts";

export const curateWorkflow = "feedback.curate@1";

export function defineWorkflows(jobs: Jobs, deps: CurateDeps): void {
  jobs.defineWorkflow<Curation, string>(curateWorkflow, (workflow, input) => curateDataset(workflow.context, input, { workflow, deps }));
}
