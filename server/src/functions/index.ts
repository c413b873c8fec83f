export { compose, defineFunction, model, rules } from "./define-function.ts";
export type * from "./types.ts";
