export { createRelease } from "./create.ts";
export { type RetrainingConfig, retrainingConfigSchema } from "./config.ts";
export type * from "./types.ts";
