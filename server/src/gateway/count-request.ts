import { type Egress, type EvidenceRecorder, isAppError } from "../core/index.ts";
import { failure, isErrorBody, keyHeaders, parseBody, refusal } from "./attempt-target.ts";
import { dialects } from "./dialects/index.ts";
import { sendChat } from "./exchange/send.ts";
import type { TokenCounter } from "./money/count-tokens.ts";
import { noteAttempt } from "./note-attempt.ts";
import type { Target } from "./resolve-model.ts";
import type { ChatRequest, Usage } from "./types.ts";

export interface CountedRequest {
  readonly request: ChatRequest;
  /** As the caller wrote it, in Anthropic's dialect. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly target: Target;
  readonly evidence: EvidenceRecorder;
  readonly signal: AbortSignal;
}

export interface TokenCount {
  /** Null where nobody could count. */
  readonly tokens: number | null;
  readonly from: Usage["from"];
}

export interface CountDeps {
  readonly egress: Egress;
  readonly counter: Pick<TokenCounter, "countTokens">;
  readonly now: () => number;
}

const maxBytes = 1024 * 1024;

/** How many tokens a request is: asked of a provider that speaks Anthropic's dialect, counted here for any other and when that one fails. */
export async function countRequest(counted: CountedRequest, deps: CountDeps): Promise<TokenCount> {
  const { request, target, evidence } = counted;
  if (target.config.dialect === "anthropic") {
    try {
      const { tokens } = await noteAttempt(target, evidence, () => askProvider(counted, deps));
      return { tokens, from: "provider" };
    } catch (error) {
      // What the provider refuses is wrong for everybody.
      if (counted.signal.aborted || (isAppError(error) && error.code === "provider_refused")) throw error;
    }
  }
  return { tokens: await deps.counter.countTokens(request, target.model), from: "tokenizer" };
}

async function askProvider(
  { body, target, signal }: CountedRequest,
  { egress, now }: CountDeps,
): Promise<{ kind: "count"; tokens: number }> {
  const { config, model, name } = target;
  const dialect = dialects["anthropic-messages"];
  const reply = await sendChat({
    egress,
    url: `${config.baseUrl.replace(/\/+$/, "")}${dialect.path}/count_tokens`,
    headers: { ...config.headers, ...keyHeaders(config) },
    body: JSON.stringify({ ...body, model }),
    stream: false,
    clocks: config.clocks,
    signal,
    maxBytes,
  });
  if (reply.status < 200 || reply.status > 299) throw refusal(reply, dialect, { target, now: now() });
  const parsed = parseBody(reply as Extract<typeof reply, { kind: "whole" }>);
  const tokens = isErrorBody(parsed) ? undefined : (parsed as { input_tokens?: unknown }).input_tokens;
  if (typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens >= 0) return { kind: "count", tokens };
  throw failure(dialect.parseError(500, { error: { message: `${name} gave no count of tokens.` } }), target);
}
