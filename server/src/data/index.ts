export type * from "./types.ts";
export type { WorkflowRun } from "./ports.ts";
