export { readBetas } from "./betas.ts";
export { configSchema, type GatewayConfig } from "./config.ts";
export { type Gateway, createGateway } from "./create.ts";
export { AttemptBook } from "./attempt-book.ts";
export { sumAttempts } from "./money/sum-attempts.ts";
export type { CallOrigin, CallOutcome, GatewayCall, GatewayReply, InferenceReference, OpenedCall, Stage } from "./stage.ts";
export type {
  ChatAnswer,
  ChatMessage,
  ChatRequest,
  ContentPart,
  DialectName,
  EventWriter,
  OutputFormat,
  Reasoning,
  TextPart,
  Usage,
} from "./types.ts";
export { sumCosts, sumUsage } from "./money/sum.ts";
export type { TokenCount } from "./count-request.ts";
export type { EmbeddingReply, EmbeddingRequest, EmbeddingSpend, Embeddings } from "./embeddings/index.ts";
export type { Cost } from "./money/cost-of.ts";
export { type AskVectors, type VectorAnswer, type VectorQuestion, createPoints } from "./nearness/index.ts";
export type { Question } from "./question.ts";
export type { BatchProtocol, BatchReply, ProviderBatches } from "./provider-batches/index.ts";
export { type Trigrams, similarityOf, trigramsOf } from "./routing/trigrams.ts";
