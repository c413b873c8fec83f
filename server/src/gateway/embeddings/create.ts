import { createHash } from "node:crypto";
import { inStages } from "../stage.ts";
import { type AskEmbeddingsDeps, createAskEmbeddings } from "./ask-embeddings.ts";
import { admitEmbedders } from "./admit-embedders.ts";
import { type EmbeddingBudgetDeps, createEmbeddingBudgetStage } from "./budget-stage.ts";
import { parseEmbeddingRequest } from "./parse-request.ts";
import type { ResolvedEmbedder } from "./resolve-embedder.ts";
import type { AskEmbeddings, EmbeddingReply, EmbeddingRequest, EmbeddingStage } from "./types.ts";
import { bytesOf, writeEmbeddingAnswer } from "./write-answer.ts";

/** Sentence embeddings, of providers and made here. */
export interface Embeddings {
  /** `invalid_request` with the path. */
  parse(body: unknown): EmbeddingRequest;
  /** `unknown_model`, `invalid_request` where nobody behind it makes embeddings. */
  resolve(model: string): ResolvedEmbedder;
  /** With every attempt in the evidence. */
  readonly call: AskEmbeddings;
  /** OpenAI's answer, as text. */
  write(request: EmbeddingRequest, reply: EmbeddingReply): string;
  /** What stands in the evidence instead of the vectors. */
  describe(reply: EmbeddingReply): VectorsSummary;
}

export interface VectorsSummary {
  readonly count: number;
  readonly dimensions: number;
  /** SHA-256 of all vectors in order, as little-endian numbers of 32 bits. */
  readonly hash: string;
}

export type EmbeddingsDeps = AskEmbeddingsDeps & EmbeddingBudgetDeps & { readonly resolve: (model: string) => ResolvedEmbedder };

export function createEmbeddings(deps: EmbeddingsDeps): Embeddings {
  /** In the order in which a call meets them, those who make the vectors last. */
  const stages: readonly EmbeddingStage[] = [admitEmbedders, createEmbeddingBudgetStage(deps)];
  return {
    parse: parseEmbeddingRequest,
    resolve: deps.resolve,
    call: inStages(stages, createAskEmbeddings(deps)),
    write: writeEmbeddingAnswer,
    describe,
  };
}

function describe({ vectors }: EmbeddingReply): VectorsSummary {
  const hash = createHash("sha256");
  for (const vector of vectors) hash.update(bytesOf(vector));
  return { count: vectors.length, dimensions: vectors[0]?.length ?? 0, hash: hash.digest("hex") };
}
