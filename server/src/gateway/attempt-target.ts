import { type Cancellation, type AppError, type Egress, AppError as Failure, type Secret, bearer } from "../core/index.ts";
import { type CommittedStream, commitStream } from "./commit-stream.ts";
import { betaHeaders } from "./betas.ts";
import { dialectOf } from "./dialects/index.ts";
import { sendChat } from "./exchange/send.ts";
import type { ChatReply } from "./exchange/types.ts";
import { type ProviderConfig, maxAnswerBytes } from "./config.ts";
import { attemptNative } from "./native/attempt-native.ts";
import type { NativeSources } from "./native/types.ts";
import { retryAfterMs } from "./reliability/backoff.ts";
import type { Target } from "./resolve-model.ts";
import { speak } from "./speak.ts";
import type { AnswerContext, CallerError, ChatAnswer, ChatRequest, Dialect, UpstreamError, Usage } from "./types.ts";

export interface AttemptCall {
  readonly dialect: Dialect;
  /** As the caller wrote it. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly request: ChatRequest;
  readonly context: AnswerContext;
  readonly betas?: readonly string[] | undefined;
}

/** What one target gave. A stream is past its first useful event: from here on nothing is tried again. */
export type Attempted = { readonly kind: "whole"; readonly text: string; readonly answer: ChatAnswer } | CommittedStream;

export interface AttemptDeps {
  readonly egress: Egress;
  readonly native?: NativeSources | undefined;
  /** The place of the key to send, from 1. */
  readonly key: number;
  readonly now: () => number;
  readonly signal: Cancellation;
  /** What the provider counts, told before it is known whether its answer is of use. */
  heard(usage: Usage | null): void;
}

/** Asks one target once. Throws what kept it from answering; an error in the first event and an empty reply are such. */
export async function attemptTarget(call: AttemptCall, target: Target, deps: AttemptDeps): Promise<Attempted> {
  const source = target.native === true ? deps.native?.[target.provider] : undefined;
  if (source !== undefined)
    return attemptNative(call, target, {
      source,
      signal: deps.signal,
      failed: (error) => failure(error, target),
      empty: () => empty(target),
      heard: deps.heard,
    });
  const dialect = dialectOf(target.config.dialect);
  const isSame = dialect === call.dialect;
  const body = isSame
    ? { ...call.body, model: target.model, ...withUsage(call, dialect) }
    : dialect.writeRequest(call.request, target.model);
  const reply = await sendChat({
    egress: deps.egress,
    url: `${target.config.baseUrl.replace(/\/+$/, "")}${dialect.path}`,
    name: target.name,
    headers: {
      ...betaHeaders(target.config.headers, dialect.name === "anthropic-messages" ? call.betas : undefined),
      ...keyHeaders(target.config, deps.key),
    },
    body: JSON.stringify(body),
    stream: call.request.stream,
    clocks: target.config.clocks,
    signal: deps.signal,
    // What streams of an answer is many times as long as the answer, whose own bound holds where it is put together.
    maxBytes: maxAnswerBytes * (call.request.stream ? 64 : 1),
  });
  if (reply.status < 200 || reply.status > 299) throw refusal(reply, dialect, { target, key: deps.key, now: deps.now() });
  if (reply.kind === "stream") return readStream(reply.chunks);
  const said = textOf(reply);
  const parsed = parseText(said);
  if (isErrorBody(parsed)) throw failure(dialect.parseError(500, parsed), target);
  if (call.request.stream) throw new Failure("provider_failed", `${target.name} gave no stream.`, { details: { target: target.name } });
  const answer = dialect.parseAnswer(parsed);
  deps.heard(answer.usage);
  if (answer.content.length === 0) throw empty(target);
  const text = isSame ? said : JSON.stringify(call.dialect.writeAnswer(answer, call.context));
  return { kind: "whole", text, answer };

  function readStream(chunks: AsyncIterable<Uint8Array>): Promise<Attempted> {
    const { dialect: to, context } = call;
    const writer = isSame ? undefined : to.createWriter(context);
    const broken = (error: CallerError) => writer?.fail?.(error) ?? to.writeStreamError(error);
    const reader = dialect.createReader();
    return commitStream(speak(chunks, reader, { writer, context }), {
      broken,
      failed: (error) => failure(error, target),
      empty: () => empty(target),
      told: () => reader.told?.() ?? null,
      heard: deps.heard,
    });
  }
}

/** OpenAI tells the usage of a stream only when it is asked to; without it nobody knows the cost. */
function withUsage({ request, body }: AttemptCall, dialect: Dialect): Record<string, unknown> {
  if (!request.stream || dialect.name !== "openai-chat") return {};
  return { stream_options: { ...(body["stream_options"] as object | undefined), include_usage: true } };
}

/** `key` has the first place, and `keys` those after it. */
export function keysOf({ key, keys }: ProviderConfig): readonly Secret[] {
  return key === undefined ? keys : [key, ...keys];
}

export function keyHeaders(config: ProviderConfig, place = 1) {
  const { dialect } = config;
  const key = keysOf(config)[place - 1];
  if (dialect !== "anthropic") return key === undefined ? {} : { authorization: bearer(key) };
  return { "anthropic-version": "2023-06-01", ...(key === undefined ? {} : { "x-api-key": key }) };
}

export function parseBody(reply: Extract<ChatReply, { kind: "whole" }>): unknown {
  return parseText(textOf(reply));
}

function textOf({ bytes }: Extract<ChatReply, { kind: "whole" }>): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Some servers answer 200 and an error in it. */
export function isErrorBody(body: unknown): boolean {
  return typeof body !== "object" || body === null || ("error" in body && body.error !== null && body.error !== undefined);
}

function empty(target: Target): AppError {
  return new Failure("provider_failed", `${target.name} gave an empty answer.`, { details: { target: target.name, reason: "empty" } });
}

export function refusal(reply: ChatReply, dialect: Dialect, { target, key, now }: { target: Target; key?: number; now: number }): AppError {
  const error = dialect.parseError(reply.status, reply.kind === "whole" ? parseBody(reply) : "");
  const waitMs = retryAfterMs(reply.headers["retry-after"], now);
  return failure({ ...error, status: reply.status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) }, target, key);
}

/** What a provider said, as an error of ours. Its own status goes on to the caller where the caller can do something about it. */
export function failure(error: UpstreamError, target: Target, key = 1): AppError {
  const { status, kind, message, code, retryAfterMs: waitMs } = error;
  const details = {
    target: target.name,
    kind,
    status,
    ...(code === undefined ? {} : { providerCode: code }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs, retryAfterSeconds: Math.ceil(waitMs / 1000) }),
  };
  const said = `${target.name}: ${message.slice(0, 1000)}`;
  // Our key was refused, not the caller's: that is ours to mend, and what is said of it not for him.
  if (kind === "authentication" || kind === "permission")
    return new Failure("provider_failed", `${target.name} refused ${keyName(target, key)}.`, {
      details: { ...details, retryable: false },
    });
  if (status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429)
    return new Failure("provider_refused", said, {
      details: { ...details, providerStatus: status, ...(error.details === undefined ? {} : { providerDetails: error.details }) },
    });
  if (kind === "rate_limit") return new Failure("provider_busy", said, { details: { ...details, providerStatus: 429 } });
  return new Failure(kind === "overloaded" ? "provider_busy" : "provider_failed", said, { details });
}

/** A key is known by its place; its text is in no message. */
function keyName({ config }: Target, key: number): string {
  return keysOf(config).length > 1 ? `key ${key} of those that are configured for it` : "the key that is configured for it";
}
