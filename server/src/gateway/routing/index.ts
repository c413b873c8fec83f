export { createAdmitStage } from "./admit.ts";
export { createCapabilityTable } from "./capability-table.ts";
export { type Examples, createExamples } from "./examples.ts";
export { createLatencyBook } from "./latency-book.ts";
export { createRouteStage } from "./stage.ts";
