import { type Cancellation, type Egress, type EvidenceRecorder, isAppError } from "../core/index.ts";
import { betaHeaders } from "./betas.ts";
import { failure, isErrorBody, keyHeaders, parseBody, refusal } from "./attempt-target.ts";
import { nothing } from "./budgets/chat-spend.ts";
import { holdNoted } from "./budgets/hold-noted.ts";
import type { Meter } from "./budgets/meter.ts";
import { spenderOf } from "./budgets/stage.ts";
import { dialects } from "./dialects/index.ts";
import { sendChat } from "./exchange/send.ts";
import type { TokenCounter } from "./money/count-tokens.ts";
import { noteAttempt } from "./note-attempt.ts";
import type { ResolvedModel, Target } from "./resolve-model.ts";
import { dataClassOf, whyUnseen } from "./routing/data-class.ts";
import type { CallOrigin } from "./stage.ts";
import type { ChatRequest, Usage } from "./types.ts";

export interface CountedRequest {
  readonly origin: CallOrigin;
  readonly request: ChatRequest;
  /** As the caller wrote it, in Anthropic's dialect. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly resolved: ResolvedModel;
  /** See `readBetas`. */
  readonly betas: readonly string[] | undefined;
  readonly evidence: EvidenceRecorder;
  readonly signal: Cancellation;
}

export interface TokenCount {
  /** Null where nobody could count. */
  readonly tokens: number | null;
  readonly from: Usage["from"];
}

export interface CountDeps {
  readonly egress: Egress;
  readonly counter: Pick<TokenCounter, "countTokens">;
  readonly meter: Meter;
  readonly now: () => number;
  /** From what everybody may see to what nearly nobody may. */
  readonly dataClasses: readonly string[];
}

const maxBytes = 1024 * 1024;

/**
 * How many tokens a request is for the first target of its model: asked of a provider that speaks Anthropic's dialect and may see it,
 * counted here for any other, and when that one fails.
 */
export async function countRequest(counted: CountedRequest, deps: CountDeps): Promise<TokenCount> {
  const { request, resolved, evidence } = counted;
  const target = resolved.targets[0]!;
  await countAsRequest(counted, deps.meter);
  if (target.config.dialect === "anthropic" && maySee(target, counted, deps)) {
    try {
      const { tokens } = await noteAttempt(target, evidence, () => askProvider(counted, target, deps));
      return { tokens, from: "provider" };
    } catch (error) {
      // What the provider refuses is wrong for everybody.
      if (counted.signal.aborted || (isAppError(error) && error.code === "provider_refused")) throw error;
    }
  }
  return { tokens: await deps.counter.countTokens(request, target.model), from: "tokenizer" };
}

/** Nobody is paid for a count, so of its budgets it takes a request and nothing else: settled as soon as it is held. */
async function countAsRequest(counted: CountedRequest, meter: Meter): Promise<void> {
  if (meter.isEmpty) return;
  const holding = { spender: spenderOf(counted), forecast: { of: () => nothing }, leaseMs: counted.resolved.totalMs };
  (await holdNoted(meter, holding, counted.evidence)).settle(nothing);
}

function maySee({ config }: Target, { request, resolved }: CountedRequest, { dataClasses }: CountDeps): boolean {
  const dataClass = dataClassOf({ declared: [resolved.alias?.dataClass], metadata: request.metadata }, dataClasses);
  return whyUnseen(config, dataClass?.name, resolved.alias?.regions) === undefined;
}

interface ProvidersCount {
  readonly kind: "count";
  readonly tokens: number;
}

async function askProvider({ body, betas, signal }: CountedRequest, target: Target, { egress, now }: CountDeps): Promise<ProvidersCount> {
  const { config, model, name } = target;
  const dialect = dialects["anthropic-messages"];
  const reply = await sendChat({
    egress,
    url: `${config.baseUrl.replace(/\/+$/, "")}${dialect.path}/count_tokens`,
    name,
    headers: { ...betaHeaders(config.headers, betas), ...keyHeaders(config) },
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
