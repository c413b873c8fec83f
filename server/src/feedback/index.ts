export { type FeedbackDeps, createFeedback } from "./create.ts";
export type * from "./types.ts";
