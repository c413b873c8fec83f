import type { ErrorCode } from "@millrace/contract";
import type { Cancellation, Context, EvidenceRecorder } from "../core/index.ts";
import type { Gateway } from "../gateway/index.ts";
import type { Spending } from "./llm/spending.ts";

/** What answers questions to foundation models. */
export type AskPort = Gateway["ask"];

/** The caller, as governance made it out. */
export interface Caller extends Context {
  readonly principalId: string;
  readonly principalName: string;
}

/** A request that was admitted: key, switch, limit and size are checked before. */
export interface InferCall {
  readonly caller: Caller;
  readonly function: string;
  readonly input: unknown;
  readonly occurredAt?: string;
  readonly deadlineMs?: number;
  readonly drill?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** The caller's, of the network, where there is one. */
  readonly address?: string | undefined;
  readonly idempotencyKey?: string;
  /** W3C trace id (32 hex digits). */
  readonly traceId?: string;
  /** `performance.now()` at arrival. */
  readonly startedAt?: number;
  readonly signal?: Cancellation;
  /** Answers what variants ask of models, instead of the gateway. */
  readonly ask?: AskPort;
}

/** The answer as it goes onto the wire: `InferResponse` as JSON text. */
export interface InferAnswer {
  readonly body: string;
  /** True when an idempotency key brought back an earlier answer. */
  readonly repeated: boolean;
  /** Null for a repeat, whose id is in the body. */
  readonly inferenceId: string | null;
  /** What foundation models did for it; absent where none was asked, and for a repeat. */
  readonly spending?: Spending | undefined;
}

/** A call of a foundation model by its bare name, admitted. */
export interface ModelCall {
  readonly caller: Caller;
  /** As `admitModel` answered it. */
  readonly function: string;
  /** Who was to answer: `<provider>/<model>`. */
  readonly variant: string;
  /** The request, as JSON text. */
  readonly input: string;
  /** `performance.now()` at arrival. */
  readonly startedAt: number;
  readonly traceId: string | undefined;
  /** Milliseconds it may take. */
  readonly budgetMs: number;
}

/** How a call of a foundation model ended. */
export interface ModelCallEnd {
  readonly status: "ok" | "failed";
  readonly error: ErrorCode | null;
  /** Who answered, if anybody; another than asked is a fallback. */
  readonly variant: string | null;
  /** Who was to be asked, where that was decided after the call was opened. */
  readonly chosen?: string | undefined;
  /** JSON text; what there was of an answer that was cut. */
  readonly output: string;
  /** Usage, cost, the model as the provider names it: JSON members for `produced`. */
  readonly produced: Readonly<Record<string, unknown>>;
}

/** One call under way. */
export interface OpenedModelCall {
  readonly id: string;
  readonly evidence: EvidenceRecorder;
  /** Before the first byte of a stream leaves: from here on a process that dies leaves an `interrupted` inference. */
  open(): Promise<void>;
  /** Resolves when the record is in the journal; nothing of an answer may leave before. Once. */
  close(end: ModelCallEnd): Promise<void>;
}

/** Rows the evaluation module asks variants about, outside the traffic. */
export interface RunVariantInput {
  readonly function: string;
  /** A variant's name (its current binding) or a binding's hash. */
  readonly variant?: string;
  readonly binding?: string;
  readonly input: unknown;
  readonly signal?: AbortSignal;
  /** Answers what the variant asks of models, instead of the gateway. */
  readonly ask?: AskPort;
}

/** What the edge hears about a request that may not go on. */
export interface Refusal {
  readonly function: string;
  readonly caller: Caller;
  readonly code: ErrorCode;
  readonly occurredAt?: string;
  readonly detail?: string;
}
