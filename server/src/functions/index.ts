export { createArchive } from "./archive/create.ts";
export { defineArchiveSchedules } from "./archive/jobs.ts";
export { createFunctions } from "./create.ts";
export { compose, defineFunction, model, rules } from "./define-function.ts";
export { lastGood, message } from "./declare-last-resort.ts";
export { bestOf, llm } from "./declare-llm.ts";
export { createSinks } from "./sink.ts";
export type * from "./archive/types.ts";
export type * from "./types.ts";
