export * from "./types.ts";
export { createMemoryCounters, type MemoryCountersDeps } from "./create.ts";
