export * from "./client.ts";
export * from "./error.ts";
export * from "./wait.ts";
