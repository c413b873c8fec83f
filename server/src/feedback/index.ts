export { createFeedbackSeals } from "./seal-hours.ts";
export { defineSealSchedule } from "./jobs.ts";
export { type FeedbackDeps, createFeedback } from "./create.ts";
export type * from "./types.ts";
