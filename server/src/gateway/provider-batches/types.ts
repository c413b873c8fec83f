import type { CallOrigin, CallOutcome } from "../stage.ts";
import type { Question } from "../question.ts";

/** A question as its provider takes it in a batch. */
export interface BatchQuestion {
  /** What its reply is found by. */
  readonly id: string;
  /** The request, as JSON text. */
  readonly body: string;
}

/** What a provider says of a batch. */
export interface BatchState {
  readonly ended: boolean;
  /** In the provider's own word: `in_progress`, `completed`, `expired`. */
  readonly status: string;
  /** Set where the provider took none of it: why. */
  readonly refused: string | null;
}

/** One line of what a batch gave: the whole answer, or why there is none. */
export type BatchReply =
  | { readonly id: string; readonly body: unknown }
  | { readonly id: string; readonly error: { readonly reason: string; readonly message: string } };

export interface NewProviderBatch {
  /** Ours: it stands in the batch where the provider keeps such a mark. */
  readonly mark: string;
  readonly questions: readonly BatchQuestion[];
}

/** What to look for after a crash: whether a batch was taken whose id nobody noted. */
export interface LostBatch {
  readonly mark: string;
  readonly count: number;
  /** Milliseconds: it was sent after that. */
  readonly since: number;
  /** Ids that belong to others of ours. */
  readonly known: readonly string[];
}

/** Batches of one provider. Each throws what the provider refused, as an error of ours. */
export interface BatchProtocol {
  submit(batch: NewProviderBatch): Promise<string>;
  /** Null when there is none. `conflict` where it cannot be told which it is. */
  find(lost: LostBatch): Promise<string | null>;
  state(id: string): Promise<BatchState>;
  replies(id: string): Promise<BatchReply[]>;
  cancel(id: string): Promise<void>;
}

/** The reply that a question is answered from. */
export interface KeptReply {
  /** The question's own text: a reply to another one is none. */
  readonly asked: string;
  readonly reply: unknown;
  /** For the evidence. */
  readonly batch: string;
}

/** What is to be sent in one batch. */
export interface BatchToReserve {
  readonly mark: string;
  readonly target: string;
  readonly origin: CallOrigin;
  /** As they are sent. */
  readonly bodies: readonly string[];
  /** So long at most; after that it counts as spent. */
  readonly leaseMs: number;
}

export interface ProviderBatches {
  /** The one target that may be asked in batches; `invalid_request` says why there is none. */
  target(model: string): string;
  /** The question as the target takes it. Nothing is sent; what may not be sent is refused as it would be. */
  write(question: Question): Promise<string>;
  at(target: string, signal: AbortSignal): BatchProtocol;
  /** Holds an estimate of all that a batch may cost, in each budget that its calls are in. A mark that is held already is not held twice. `budget_exceeded` and its like. */
  reserve(batch: BatchToReserve): Promise<void>;
  /** Its answers are charged, or nothing was sent: what was held is free again. */
  release(mark: string): void;
  /** Answers from a reply that is there, priced as a batch. `provider_failed` when it is of another question. */
  answer(question: Question, kept: KeptReply): Promise<CallOutcome>;
}
