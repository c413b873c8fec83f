export { createCli } from "./create.ts";
export type * from "./types.ts";
