export { createFunctions } from "./create.ts";
export { compose, defineFunction, model, rules } from "./define-function.ts";
export { createSinks } from "./sink.ts";
export type * from "./types.ts";
