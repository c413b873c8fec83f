export * from "./types.ts";
export * from "./blobs/index.ts";
export * from "./counters/index.ts";
export * from "./journal/index.ts";
export * from "./lake/index.ts";
