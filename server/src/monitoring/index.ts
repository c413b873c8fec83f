export { type MonitoringDeps, createMonitoring } from "./create.ts";
export { alertOpenedEvent } from "./events.ts";
export type * from "./types.ts";
