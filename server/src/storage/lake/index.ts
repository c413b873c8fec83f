export * from "./types.ts";
export { createLake, createLakeInTask, type LakeDeps } from "./create.ts";
export { quoteName } from "./quote.ts";
