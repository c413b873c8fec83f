export { type GovernanceConfig, configSchema } from "./config.ts";
export { createGovernance } from "./create.ts";
export { type LocalSwitch, killFilePath, setLocalSwitch } from "./kill-file.ts";
export type * from "./types.ts";
