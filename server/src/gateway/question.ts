import { type Cancellation, type Clock, type EvidenceRecorder, createId } from "../core/index.ts";
import type { AttemptBook } from "./attempt-book.ts";
import { dialectOf } from "./dialects/index.ts";
import type { SendClocks } from "./exchange/types.ts";
import type { ResolvedModel } from "./resolve-model.ts";
import type { Ask, CallOrigin, CallOutcome, InferenceReference } from "./stage.ts";
import { tightenClocks } from "./tighten-clocks.ts";
import type { ChatRequest } from "./types.ts";

/** What our own code asks a model, in no dialect. */
export interface Question {
  readonly origin: CallOrigin;
  readonly request: Omit<ChatRequest, "dialect" | "foreign" | "stream">;
  /** Fields for the provider that nobody here knows: they go on as they are, in the dialect of the model's first target. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Tighter than the provider's; what is looser does not count. With one of the last two the answer is asked for as a stream. */
  readonly clocks?: Partial<SendClocks> | undefined;
  /** What it holds, of `gateway.dataClasses`: only providers that list it may see it. */
  readonly dataClass?: string | undefined;
  /** Asked by itself: neither told from what is kept, nor kept, nor shared with an equal one. */
  readonly apart?: boolean;
  /** Where its attempts are written down, for who wants to know what they cost before the answer is there. */
  readonly book?: AttemptBook;
  /** What is asked for. */
  readonly inference?: InferenceReference | undefined;
  readonly evidence: EvidenceRecorder;
  readonly signal: Cancellation;
}

export interface QuestionDeps {
  readonly call: Ask;
  readonly resolve: (model: string) => ResolvedModel;
  readonly clock: Clock;
}

/** Asks on behalf of our own code. Throws what kept anybody from answering; what broke a stream off is the outcome's error. */
export async function askQuestion(question: Question, { call, resolve, clock }: QuestionDeps): Promise<CallOutcome> {
  const { clocks = {}, origin, evidence, signal } = question;
  const resolved = tightenClocks(resolve(question.request.model), clocks);
  const dialect = dialectOf(resolved.targets[0]!.config.dialect);
  // A clock on a whole answer's first token would count all of it.
  const stream = clocks.firstTokenMs !== undefined || clocks.gapMs !== undefined;
  const request: ChatRequest = { ...question.request, dialect: dialect.name, foreign: question.parameters ?? {}, stream };
  const reply = await call({
    origin,
    dialect: dialect.name,
    body: dialect.writeRequest(request, request.model),
    request,
    resolved,
    evidence,
    signal,
    startedAt: performance.now(),
    inferenceId: createId(clock),
    inference: question.inference,
    dataClass: question.dataClass,
    ...(question.book === undefined ? {} : { book: question.book }),
    ...(question.apart === true ? { cacheControl: "no-store" } : {}),
  });
  if (reply.kind === "whole") return reply.outcome;
  try {
    for await (const { isLast } of reply.texts) if (isLast) break;
    return reply.outcome();
  } finally {
    void reply.leave();
  }
}
