export { type EgressConfig, type EgressRule, egressConfigSchema } from "./config.ts";
export { type EgressDeps, createEgress } from "./create.ts";
export type * from "./types.ts";
