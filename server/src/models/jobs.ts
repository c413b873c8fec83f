import type { CreateRun, ExperimentResult } from "@millrace/contract";
import type { Jobs } from "../jobs/index.ts";
import { type SearchInput, runExperiment, searchWorkflow } from "./experiments/index.ts";
import { type TrainDeps, trainModel } from "./train-model.ts";
import type { TrainResult } from "./types.ts";

export const trainWorkflow = "models.train@1";

export interface TrainWorkflowInput {
  readonly request: CreateRun;
  readonly runId: string;
}

export function defineWorkflows(jobs: Jobs, deps: TrainDeps): void {
  jobs.defineWorkflow<TrainWorkflowInput, TrainResult>(trainWorkflow, (run, input) => trainModel(input, run, deps));
  jobs.defineWorkflow<SearchInput, ExperimentResult>(searchWorkflow, (run, input) => runExperiment(input, run, deps));
}
