import type { AppError } from "../core/index.ts";
import { AnswerCollector } from "./collect-answer.ts";
import type { SpokenEvent } from "./speak.ts";
import type { CallerError, ChatAnswer, UpstreamError, Usage } from "./types.ts";

/** A stream past its first useful event: from here on nothing is tried again. */
export interface CommittedStream {
  readonly kind: "stream";
  readonly spoken: AsyncGenerator<SpokenEvent>;
  readonly first: readonly SpokenEvent[];
  readonly collector: AnswerCollector;
  /** What came of the answer so far, with what its provider has counted by then. */
  answer(): ChatAnswer;
  /** Its last word when it breaks off, in the caller's dialect. */
  readonly broken: (error: CallerError) => string;
  /** Of the stream: its target's health depends on it. */
  readonly end: PromiseWithResolvers<void>;
}

export interface CommitOptions {
  readonly broken: CommittedStream["broken"];
  failed(error: UpstreamError): AppError;
  empty(): AppError;
  /** Of what is thrown too: it may be billed. */
  heard(usage: Usage): void;
  /** What the provider has counted so far, where it tells that before the end. */
  told?(): Usage | null;
}

/** Hears a stream until it says something a caller could use. An error before, or an end, is thrown. */
export async function commitStream(spoken: AsyncGenerator<SpokenEvent>, options: CommitOptions): Promise<CommittedStream> {
  try {
    return await untilUseful(spoken, options);
  } catch (error) {
    const told = options.told?.() ?? null;
    if (told !== null) options.heard(told);
    throw error;
  }
}

async function untilUseful(
  spoken: AsyncGenerator<SpokenEvent>,
  { broken, failed, empty, heard, told }: CommitOptions,
): Promise<CommittedStream> {
  const collector = new AnswerCollector();
  const first: SpokenEvent[] = [];
  const answer = () => {
    const came = collector.answer();
    return came.usage === null ? { ...came, usage: told?.() ?? null } : came;
  };
  for (;;) {
    const { value, done } = await spoken.next();
    if (done === true) throw empty();
    first.push(value);
    for (const event of value.events) {
      if (event.type === "error") {
        await spoken.return(undefined);
        throw failed(event.error);
      }
      if (event.type === "usage") heard(event.usage);
      collector.add(event);
    }
    if (collector.hasContent) return { kind: "stream", spoken, first, collector, answer, broken, end: Promise.withResolvers<void>() };
    if (!collector.ended) continue;
    await spoken.return(undefined);
    throw empty();
  }
}
