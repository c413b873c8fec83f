export { createEncoder } from "./use-lite/create-encoder.ts";
export { type Embeddings, createEmbeddings } from "./create.ts";
export { resolveEmbedder } from "./resolve-embedder.ts";
export type { EmbeddingReply, EmbeddingRequest, EmbeddingSpend, Encoder } from "./types.ts";
export { createVectorMemory } from "./vector-memory.ts";
