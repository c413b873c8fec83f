export { createJobs } from "./create.ts";
export { configSchema, type JobsConfig } from "./config.ts";
export type * from "./types.ts";
