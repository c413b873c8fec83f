export { configSchema, type GatewayConfig } from "./config.ts";
export { type CallOutcome, type Gateway, type GatewayReply, createGateway } from "./create.ts";
export type { ChatRequest, DialectName } from "./types.ts";
