/** Wire formats the gateway speaks, in and out. */
export type DialectName = "openai-chat" | "openai-responses" | "anthropic-messages";

/** A request in no dialect: everything a dialect carries that another could mean. Dialects translate to and from it. */
export interface ChatRequest {
  /** As the caller wrote it: `provider/model`, an alias, or `fn/<function>`. */
  readonly model: string;
  /** What the caller wrote in, so whose `foreign` is. Without it `foreign` is nobody's and refused everywhere. */
  readonly dialect?: DialectName;
  readonly system: readonly TextPart[];
  readonly messages: readonly ChatMessage[];
  readonly stream: boolean;
  readonly maxTokens: number | null;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly tools?: readonly ChatTool[];
  readonly toolChoice?: ToolChoice;
  /** False: at most one tool call in an answer. */
  readonly parallelTools?: boolean;
  readonly format?: OutputFormat;
  readonly reasoning?: Reasoning;
  /** Whether log probabilities are wanted, and how many alternatives. */
  readonly logProbabilities?: { readonly top: number };
  /** The end user on whose behalf the caller asks. */
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fields of the caller's dialect that no other knows: passed on where the target speaks the same, refused elsewhere. */
  readonly foreign: Readonly<Record<string, unknown>>;
}

export interface TextPart {
  readonly type: "text";
  readonly text: string;
  /** Anthropic's mark that a prompt may be cached up to here. */
  readonly cache?: unknown;
}

export type ContentPart =
  | TextPart
  | { readonly type: "image"; readonly source: MediaSource; readonly detail?: string; readonly cache?: unknown }
  | { readonly type: "file"; readonly source: MediaSource; readonly name?: string; readonly cache?: unknown }
  /** What the model thought; the signature must come back unchanged with it. */
  | { readonly type: "thinking"; readonly text: string; readonly signature?: string }
  | { readonly type: "redacted-thinking"; readonly data: string }
  | { readonly type: "refusal"; readonly text: string }
  | {
      readonly type: "tool-call";
      readonly id: string;
      readonly name: string;
      /** JSON text, as the model wrote it. */ readonly arguments: string;
      readonly cache?: unknown;
    }
  | {
      readonly type: "tool-result";
      readonly callId: string;
      readonly content: readonly ContentPart[];
      readonly failed?: boolean;
      readonly cache?: unknown;
    }
  | ForeignPart;

/** What only its own dialect knows, where it stood: passed on in that dialect, refused as `path` in every other. */
export interface ForeignPart {
  readonly type: "foreign";
  readonly dialect: DialectName;
  /** Where the caller wrote it: `messages.3.content.0`. */
  readonly path: string;
  readonly value: unknown;
}

export type MediaSource =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "data"; readonly mediaType: string; /** Base64. */ readonly data: string }
  | { readonly kind: "id"; readonly id: string };

export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly content: readonly ContentPart[];
  /** OpenAI's `name` of a participant. */
  readonly name?: string;
}

export interface ChatTool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters: unknown;
  readonly strict?: boolean;
  readonly cache?: unknown;
}

export type ToolChoice = { readonly kind: "auto" | "none" | "any" } | { readonly kind: "tool"; readonly name: string };

export type OutputFormat =
  | { readonly kind: "json" }
  | { readonly kind: "schema"; readonly name: string; readonly schema: unknown; readonly strict?: boolean; readonly description?: string };

export type Reasoning =
  | { readonly kind: "off" }
  | { readonly kind: "effort"; readonly effort: string }
  /** Tokens it may think. */
  | { readonly kind: "budget"; readonly tokens: number };

/** Why an answer ended. `length` and `filter` are truncations and are always shown as such. */
export type FinishReason = "stop" | "length" | "tool-calls" | "filter" | "refusal" | "pause" | "unknown";

/** Tokens. `null` where the provider does not say. */
export interface Usage {
  /** All of the prompt, cached parts included. */
  readonly input: number | null;
  readonly output: number | null;
  /** Of the input, read from a provider's cache. */
  readonly cachedInput: number | null;
  /** Of the input, written to it. */
  readonly cacheWrite: number | null;
  /** Of the output, thought. */
  readonly reasoning: number | null;
  /** Who counted. */
  readonly from: "provider" | "tokenizer";
}

export interface LogProbability {
  readonly token: string;
  /** Natural logarithm. */
  readonly value: number;
  readonly top?: readonly { readonly token: string; readonly value: number }[];
}

/** A whole answer. */
export interface ChatAnswer {
  /** The provider's id of it. */
  readonly id: string;
  /** The model as the provider names it. */
  readonly model: string;
  readonly content: readonly ContentPart[];
  readonly finish: FinishReason;
  /** The stop sequence it ended with, where the provider says. */
  readonly stopSequence?: string;
  readonly usage: Usage | null;
  readonly logProbabilities?: readonly LogProbability[];
  /** The dialect it came in, so whose `foreign` is: written only in that one. */
  readonly dialect?: DialectName;
  readonly foreign?: Readonly<Record<string, unknown>>;
}

/** One piece of a streamed answer. Parts are numbered in the order they begin; pieces of one part come in order. */
export type ChatEvent =
  | { readonly type: "start"; readonly id: string; readonly model: string }
  | { readonly type: "text"; readonly part: number; readonly text: string; readonly logProbabilities?: readonly LogProbability[] }
  | { readonly type: "refusal"; readonly part: number; readonly text: string }
  | { readonly type: "thinking"; readonly part: number; readonly text: string }
  | { readonly type: "signature"; readonly part: number; readonly signature: string }
  | { readonly type: "redacted-thinking"; readonly part: number; readonly data: string }
  | { readonly type: "tool-call"; readonly part: number; readonly id: string; readonly name: string }
  | { readonly type: "arguments"; readonly part: number; readonly text: string }
  /** A part that only its own dialect knows, whole. */
  | (ForeignPart & { readonly part: number })
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "finish"; readonly finish: FinishReason; readonly stopSequence?: string }
  /** The provider's own word that the stream is whole. A stream that ends without it was cut. */
  | { readonly type: "end" }
  | { readonly type: "error"; readonly error: UpstreamError };

/** What a provider said went wrong, in no dialect. */
export interface UpstreamError {
  /** HTTP status, or null for an error inside a stream. */
  readonly status: number | null;
  readonly kind:
    | "invalid_request"
    | "authentication"
    | "permission"
    | "not_found"
    | "too_large"
    | "rate_limit"
    | "overloaded"
    | "server"
    | "timeout"
    | "unknown";
  readonly message: string;
  /** The provider's code. */
  readonly code?: string;
  /** From Retry-After. */
  readonly retryAfterMs?: number;
  /** Anthropic's `details`: its clients act on them by themselves. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One event of a server-sent stream. */
export interface SseEvent {
  /** The `event:` field; empty when there was none. */
  readonly event: string;
  readonly data: string;
}

/** A provider's stream on its way to canonical events. Reading never throws: what cannot be read is an `error` event. */
export interface EventReader {
  push(event: SseEvent): readonly ChatEvent[];
  /** Of a long answer: as many events from `start` on as only add to its open text, as one event. `count` 0: none. */
  pushTexts?(events: readonly SseEvent[], start: number): { readonly count: number; readonly events: readonly ChatEvent[] };
  /** The bytes are over. Without an `end` event before, the stream was cut. */
  end(): readonly ChatEvent[];
  /** What the provider has counted so far, where it tells that before the end; null where it told nothing. */
  told?(): Usage | null;
}

/** Canonical events on their way to a caller. */
export interface EventWriter {
  /** SSE text, with its blank lines; empty when this dialect says nothing here. */
  write(event: ChatEvent): string;
  /** Where a stream that breaks off ends with more than an error alone: what was told belongs to it. */
  fail?(error: CallerError): string;
}

/** An error on its way to a caller, in his dialect. */
export interface CallerError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Of the inference, when one was opened. */
  readonly inferenceId: string | null;
  /** What could not be carried. */
  readonly fields?: readonly string[];
  /** The provider's own, where it refused. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AnswerContext {
  /** The model as the caller wrote it. */
  readonly model: string;
  /** Seconds since the epoch, where the dialect has a time. */
  readonly created: number;
  /** OpenAI: whether the caller asked for usage in the stream. */
  readonly includeUsage: boolean;
  /** What the caller wrote, where the dialect repeats parts of it. */
  readonly asked?: Readonly<Record<string, unknown>>;
}

/** A wire format, in and out. Parsing throws `invalid_request` with the path; writing throws `untranslatable` with the fields it cannot carry. */
export interface Dialect {
  readonly name: DialectName;
  /** Under a provider's base URL. */
  readonly path: string;
  parseRequest(body: unknown): ChatRequest;
  writeRequest(request: ChatRequest, model: string): Record<string, unknown>;
  parseAnswer(body: unknown): ChatAnswer;
  writeAnswer(answer: ChatAnswer, context: AnswerContext): unknown;
  createReader(): EventReader;
  createWriter(context: AnswerContext): EventWriter;
  /** `body`: parsed JSON, or text when it is none. */
  parseError(status: number, body: unknown): UpstreamError;
  writeError(error: CallerError): unknown;
  /** The same inside a stream: SSE text. */
  writeStreamError(error: CallerError): string;
}
