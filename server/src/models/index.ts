export { type TextPreparation, prepareText, textPreparation } from "./text-input.ts";
export type * from "./types.ts";
