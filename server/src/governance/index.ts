export { type GovernanceConfig, configSchema } from "./config.ts";
export type * from "./types.ts";
