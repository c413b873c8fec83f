import type { Cancellation, EvidenceRecorder } from "../../core/index.ts";
import type { Cost } from "../money/cost-of.ts";
import type { CallOrigin } from "../stage.ts";
import type { Usage } from "../types.ts";
import type { ResolvedEmbedder } from "./resolve-embedder.ts";

/** A text, or the tokens of one as the model counts them. */
export type EmbeddingInput = string | readonly number[];

export interface EmbeddingRequest {
  /** As the caller wrote it. */
  readonly model: string;
  /** Never empty. */
  readonly inputs: readonly EmbeddingInput[];
  readonly dimensions?: number;
  /** What the caller wants to read. */
  readonly encoding: "float" | "base64";
  readonly user?: string;
  /** Fields nobody here knows: they go on to a provider, and an encoder of ours refuses them. */
  readonly foreign: Readonly<Record<string, unknown>>;
}

export interface EmbeddingCall {
  readonly origin: CallOrigin;
  readonly request: EmbeddingRequest;
  readonly resolved: ResolvedEmbedder;
  readonly evidence: EvidenceRecorder;
  /** Aborted: nobody waits any more. */
  readonly signal: Cancellation;
  /** `performance.now()` at arrival. */
  readonly startedAt: number;
  /** Told before the error is thrown: a call that failed half-way is paid for too. */
  readonly onFailure?: (spent: EmbeddingSpend) => void;
}

export interface EmbeddingSpend {
  readonly usage: Usage;
  readonly cost: Cost;
}

/** Vectors in the order of their inputs, all from one target: two models share no space. */
export interface EmbeddingReply {
  readonly target: string;
  readonly vectors: readonly Float32Array[];
  /** How many of them were remembered. */
  readonly remembered: number;
  /** Of what was sent; what is remembered costs nothing. */
  readonly usage: Usage;
  readonly cost: Cost;
  /** What stages have to say of it: further members of the evidence's `produced`. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

export type AskEmbeddings = (call: EmbeddingCall) => Promise<EmbeddingReply>;

/** What stands between a caller and who makes the vectors. */
export type EmbeddingStage = (call: EmbeddingCall, next: AskEmbeddings) => Promise<EmbeddingReply>;

/** What one place made of some inputs. */
export interface MadeVectors {
  readonly vectors: readonly Float32Array[];
  /** Tokens that went in; null where nobody says. */
  readonly tokens: number | null;
}

/** Models that run here, by name. */
export interface Encoder {
  /** `invalid_request` for what a model does not take, `encoder_missing` where its files are not installed, `overloaded`. */
  encode(model: string, texts: readonly string[], signal: AbortSignal): Promise<MadeVectors>;
  close(): Promise<void>;
}
