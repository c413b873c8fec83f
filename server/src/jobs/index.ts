export { createJobs } from "./create.ts";
export { defineRowRetention } from "./retain-rows.ts";
export { prepareWorkflows } from "./prepare-workflows.ts";
export { configSchema, type JobsConfig } from "./config.ts";
export type * from "./types.ts";
