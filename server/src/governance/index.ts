export { type GovernanceConfig, configSchema } from "./config.ts";
export { type LocalSwitch, killFilePath, setLocalSwitch } from "./kill-file.ts";
export type * from "./types.ts";
