export * from "./classification.ts";
export * from "./distributions.ts";
export * from "./drift.ts";
export * from "./intervals.ts";
export * from "./quantiles.ts";
export * from "./tests.ts";
