export { createProviderBatches } from "./create.ts";
export type { BatchProtocol, BatchReply, ProviderBatches } from "./types.ts";
