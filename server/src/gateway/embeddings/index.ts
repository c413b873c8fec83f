export { createEncoders } from "./create-encoders.ts";
export { type Embeddings, createEmbeddings } from "./create.ts";
export { resolveEmbedder } from "./resolve-embedder.ts";
export type { EmbeddingReply, EmbeddingRequest, EmbeddingSpend, Encoder } from "./types.ts";
export { createVectorMemory } from "./vector-memory.ts";
