import type { Cancellation, AppError } from "../../core/index.ts";
import type { AttemptCall, Attempted } from "../attempt-target.ts";
import { AnswerCollector } from "../collect-answer.ts";
import { commitStream } from "../commit-stream.ts";
import { maxAnswerBytes } from "../config.ts";
import { providerFailed } from "../exchange/failures.ts";
import type { Target } from "../resolve-model.ts";
import type { SpokenEvent } from "../speak.ts";
import type { CallerError, ChatEvent, EventWriter, UpstreamError, Usage } from "../types.ts";
import type { NativeSource } from "./types.ts";
import { withClocks } from "./with-clocks.ts";

export interface NativeDeps {
  readonly source: NativeSource;
  readonly signal: Cancellation;
  failed(error: UpstreamError): AppError;
  empty(): AppError;
  heard(usage: Usage): void;
}

/** Asks a target once that answers in no dialect: what it says is written in the caller's. */
export async function attemptNative(call: AttemptCall, target: Target, deps: NativeDeps): Promise<Attempted> {
  const { dialect, request, context } = call;
  const events = withClocks((signal) => deps.source.ask(target.model, request, signal), {
    clocks: target.config.clocks,
    isStream: request.stream,
    name: target.name,
    signal: deps.signal,
  });
  if (request.stream) {
    const writer = dialect.createWriter(context);
    const broken = (error: CallerError) => writer.fail?.(error) ?? dialect.writeStreamError(error);
    return commitStream(speakNative(events, writer), { ...deps, broken });
  }
  const collector = new AnswerCollector();
  for await (const event of events) {
    if (event.type === "error") throw deps.failed(event.error);
    if (event.type === "usage") deps.heard(event.usage);
    collector.add(event);
    if (collector.size > maxAnswerBytes)
      throw providerFailed(`${target.name} answers with more than ${maxAnswerBytes} characters.`, { retryable: false });
  }
  if (!collector.ended) throw providerFailed(`${target.name} broke off its answer.`, { target: target.name });
  if (!collector.hasContent) throw deps.empty();
  const answer = collector.answer();
  return { kind: "whole", text: JSON.stringify(dialect.writeAnswer(answer, context)), answer };
}

async function* speakNative(events: AsyncIterable<ChatEvent>, writer: EventWriter): AsyncGenerator<SpokenEvent> {
  for await (const event of events) yield { events: [event], text: event.type === "error" ? "" : writer.write(event) };
}
