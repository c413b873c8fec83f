import type { Cancellation, AppError, EvidenceRecorder } from "../core/index.ts";
import type { AttemptBook } from "./attempt-book.ts";
import type { Cost } from "./money/cost-of.ts";
import type { ResolvedModel } from "./resolve-model.ts";
import type { Told } from "./tell.ts";
import type { ChatAnswer, ChatRequest, DialectName } from "./types.ts";

/** On whose behalf a model is called: budgets and caches are kept by it. */
export interface CallOrigin {
  readonly projectId: string;
  readonly principalId: string;
  /** `model:<name>` for a bare model. */
  readonly function: string;
  /** Of the network, where the call came from outside. */
  readonly address: string | null;
  /** What the principal may do, as a hash: two with the same may see the same. Absent: with nobody. */
  readonly rights?: string;
  /** Of a call by a function of our own: its metadata, and the end user it is for. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly user?: string | undefined;
}

/** An inference whose id is made when it ends; empty until then. */
export interface InferenceReference {
  readonly id: string;
}

/** An inference that nobody waits for: opened here, closed by who lets it run. */
export interface OpenedCall {
  readonly inferenceId: string;
  readonly evidence: EvidenceRecorder;
  close(outcome: CallOutcome): Promise<void>;
}

export interface GatewayCall {
  readonly origin: CallOrigin;
  readonly dialect: DialectName;
  readonly body: Readonly<Record<string, unknown>>;
  readonly request: ChatRequest;
  readonly resolved: ResolvedModel;
  readonly evidence: EvidenceRecorder;
  /** Aborted: nobody waits any more, and the provider is cancelled at once. */
  readonly signal: Cancellation;
  /** `performance.now()` at arrival. */
  readonly startedAt: number;
  readonly inferenceId: string;
  /** Of a function's own call: the inference it is made for, known once that is recorded. What is kept of an answer is found by it. */
  readonly inference?: InferenceReference | undefined;
  /** What its attempts cost; the gateway opens one where the caller has none. */
  readonly book?: AttemptBook;
  /** What the function that asks says its calls hold; the alias and the caller may say more. */
  readonly dataClass?: string | undefined;
  /** The caller's own header, where he has one. */
  readonly cacheControl?: string | undefined;
  /** Of an Anthropic client: which unfinished parts of the API its body may use. */
  readonly betas?: readonly string[] | undefined;
  /** Opens another inference on the same behalf, with the same question: a kept answer is made new behind the caller's back. */
  readonly reopen?: () => OpenedCall;
}

/** How a call ended, for its evidence. */
export interface CallOutcome {
  /** Who answered; null when nobody did. */
  readonly target: string | null;
  /** Whom routing asked first, where it chose: another one's answer is a fallback. */
  readonly chosen?: string;
  /** What there was of an answer. */
  readonly answer: ChatAnswer | null;
  readonly cost: Cost | null;
  readonly error: AppError | null;
  /** What stages have to say of it: further members of the evidence's `produced`. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** Whether an answer was kept, for the caller; absent where nothing is. */
export type CacheState = "hit" | "stale" | "miss";

export type GatewayReply =
  | { readonly kind: "whole"; readonly text: string; readonly outcome: CallOutcome; readonly cache?: CacheState }
  | {
      readonly kind: "stream";
      readonly cache?: CacheState;
      /** The caller's stream. It never throws: what breaks it is its last word. */
      readonly texts: AsyncIterable<Told>;
      outcome(): CallOutcome;
      /** Once nobody listens any more: lets a whole answer run out, so that its connection serves the next, and cancels another. */
      leave(): Promise<void>;
    };

export type Ask = (call: GatewayCall) => Promise<GatewayReply>;

/** What stands between a caller and the providers: it may answer itself, refuse, or hear what `next` answers. */
export type Stage = (call: GatewayCall, next: Ask) => Promise<GatewayReply>;

/** A call meets the first stage first; `last` asks the providers. */
export function inStages<Call, Reply>(
  stages: readonly ((call: Call, next: (call: Call) => Promise<Reply>) => Promise<Reply>)[],
  last: (call: Call) => Promise<Reply>,
): (call: Call) => Promise<Reply> {
  return stages.reduceRight<(call: Call) => Promise<Reply>>((next, stage) => (call) => stage(call, next), last);
}
