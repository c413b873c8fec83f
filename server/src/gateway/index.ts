export { configSchema, type GatewayConfig } from "./config.ts";
export { type Gateway, createGateway } from "./create.ts";
export type { CallOrigin, CallOutcome, GatewayCall, GatewayReply, Stage } from "./stage.ts";
export type { ChatRequest, DialectName } from "./types.ts";
