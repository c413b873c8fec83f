import type { AppError } from "../core/index.ts";
import { AnswerCollector } from "./collect-answer.ts";
import type { SpokenEvent } from "./speak.ts";
import type { CallerError, UpstreamError } from "./types.ts";

/** A stream past its first useful event: from here on nothing is tried again. */
export interface CommittedStream {
  readonly kind: "stream";
  readonly spoken: AsyncGenerator<SpokenEvent>;
  readonly first: readonly SpokenEvent[];
  readonly collector: AnswerCollector;
  /** Its last word when it breaks off, in the caller's dialect. */
  readonly broken: (error: CallerError) => string;
  /** Of the stream: its target's health depends on it. */
  readonly end: PromiseWithResolvers<void>;
}

export interface CommitOptions {
  readonly broken: CommittedStream["broken"];
  failed(error: UpstreamError): AppError;
  empty(): AppError;
}

/** Hears a stream until it says something a caller could use. An error before, or an end, is thrown. */
export async function commitStream(
  spoken: AsyncGenerator<SpokenEvent>,
  { broken, failed, empty }: CommitOptions,
): Promise<CommittedStream> {
  const collector = new AnswerCollector();
  const first: SpokenEvent[] = [];
  for (;;) {
    const { value, done } = await spoken.next();
    if (done === true) throw empty();
    first.push(value);
    for (const event of value.events) {
      if (event.type === "error") {
        await spoken.return(undefined);
        throw failed(event.error);
      }
      collector.add(event);
    }
    if (collector.hasContent) return { kind: "stream", spoken, first, collector, broken, end: Promise.withResolvers<void>() };
    if (!collector.ended) continue;
    await spoken.return(undefined);
    throw empty();
  }
}
