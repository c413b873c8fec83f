export * from "./types.ts";
export { createJournal } from "./create.ts";
export { type CarryJob, type CarryResult, type Carrier, createCarrier } from "./carrier.ts";
export { createDrain } from "./drain.ts";
