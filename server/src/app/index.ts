export { commandPorts } from "./command-ports.ts";
export { startApp } from "./create-app.ts";
export type { App, AppOptions } from "./types.ts";
