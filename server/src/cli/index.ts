export { createCli } from "./create.ts";
export { exitCodes } from "./exit-codes.ts";
export type * from "./types.ts";
