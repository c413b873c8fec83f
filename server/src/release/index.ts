export { createRelease } from "./create.ts";
export type { RetrainingConfig } from "./config.ts";
export type * from "./types.ts";
