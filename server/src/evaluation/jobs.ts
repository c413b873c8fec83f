import type { Jobs } from "../jobs/index.ts";
import type { Comparison, Evaluation } from "./types.ts";

export const compareWorkflow = "evaluation.compare@1";

/** This module's workflows; called before the jobs start. */
export function defineEvaluationJobs(jobs: Pick<Jobs, "defineWorkflow">, compare: Evaluation["compare"]): void {
  jobs.defineWorkflow(compareWorkflow, async (workflow, comparison: Comparison) => {
    const { id, verdict, reason } = await compare(workflow.context, comparison, workflow);
    return { evaluationId: id, verdict, reason };
  });
}
