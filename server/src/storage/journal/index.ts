export * from "./types.ts";
export { createJournal } from "./create.ts";
export { createDrain } from "./drain.ts";
