export { createEvaluation } from "./create.ts";
export { type GateConfig, gateConfigSchema } from "./gate.ts";
export type * from "./types.ts";
