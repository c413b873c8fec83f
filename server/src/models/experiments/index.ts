export { compareRuns } from "./compare-runs.ts";
export { createExperiment, searchWorkflow } from "./create-experiment.ts";
export { findExperiment } from "./repository.ts";
export { type SearchInput, runExperiment } from "./run-experiment.ts";
