import { AppError, type Clock, Deadline, type Egress, type EvidenceRecorder, createRandom } from "../core/index.ts";
import { type AttemptCall, type Attempted, attemptTarget } from "./attempt-target.ts";
import type { GatewayConfig } from "./config.ts";
import { dialects } from "./dialects/index.ts";
import { type Cost, costOf } from "./money/cost-of.ts";
import { createPriceTable } from "./money/price-table.ts";
import { createCircuitBreakers } from "./reliability/circuit-breaker.ts";
import { createRetryBudgets } from "./reliability/retry-budget.ts";
import { runAttempts } from "./reliability/run-attempts.ts";
import { noteAttempt, noteSkipped } from "./note-attempt.ts";
import { type ResolvedModel, type Target, resolveModel } from "./resolve-model.ts";
import { type Told, tell } from "./tell.ts";
import type { AnswerContext, ChatAnswer, ChatRequest, Dialect, DialectName, Usage } from "./types.ts";

export interface GatewayDeps {
  readonly config: GatewayConfig;
  readonly egress: Egress;
  readonly clock: Clock;
}

export interface GatewayCall {
  readonly dialect: DialectName;
  readonly body: Readonly<Record<string, unknown>>;
  readonly request: ChatRequest;
  readonly resolved: ResolvedModel;
  readonly evidence: EvidenceRecorder;
  /** Aborted: nobody waits any more, and the provider is cancelled at once. */
  readonly signal: AbortSignal;
  /** `performance.now()` at arrival. */
  readonly startedAt: number;
  readonly inferenceId: string;
}

interface AskedTarget extends Target {
  readonly attempts: number;
}

/** How a call ended, for its evidence. */
export interface CallOutcome {
  /** Who answered; null when nobody did. */
  readonly target: string | null;
  /** What there was of an answer. */
  readonly answer: ChatAnswer | null;
  readonly cost: Cost | null;
  readonly error: AppError | null;
}

export type GatewayReply =
  | { readonly kind: "whole"; readonly text: string; readonly outcome: CallOutcome }
  | {
      readonly kind: "stream";
      /** The caller's stream. It never throws: what breaks it is its last word. */
      readonly texts: AsyncIterable<Told>;
      outcome(): CallOutcome;
      /** Once nobody listens any more: lets a whole answer run out, so that its connection serves the next, and cancels another. */
      leave(): Promise<void>;
    };

/** Foundation models behind one door. */
export interface Gateway {
  readonly maxBodyBytes: number;
  dialect(name: DialectName): Dialect;
  /** `unknown_model` */
  resolve(model: string): ResolvedModel;
  /** The names a caller may use that are known by name. */
  models(): { readonly name: string; readonly provider: string }[];
  /** Throws before the first byte, with every attempt in the evidence; afterwards a stream tells its own end. */
  call(call: GatewayCall): Promise<GatewayReply>;
}

export function createGateway(deps: GatewayDeps): Gateway {
  const { config, egress, clock } = deps;
  for (const provider of Object.values(config.providers)) egress.check(provider.baseUrl);
  const prices = createPriceTable(config.prices);
  const breakers = createCircuitBreakers(clock);
  const budgets = createRetryBudgets();
  const random = createRandom(clock.now());

  function price(target: Target, usage: Usage | null): Cost | null {
    return costOf(usage, prices.find(target.provider, target.model, clock.now()));
  }

  return {
    maxBodyBytes: config.maxBodyBytes,
    dialect: (name) => dialects[name],
    resolve: (model) => resolveModel(model, config),
    models: () => Object.entries(config.models).map(([name, targets]) => ({ name, provider: String([targets].flat()[0]).split("/")[0]! })),

    async call(call) {
      const dialect = dialects[call.dialect];
      const context: AnswerContext = {
        model: call.request.model,
        created: Math.floor(clock.now() / 1000),
        includeUsage: (call.body["stream_options"] as { include_usage?: unknown } | undefined)?.include_usage === true,
      };
      const asked: AttemptCall = { dialect, body: call.body, request: call.request, context };
      const deadline = new Deadline(call.startedAt + call.resolved.totalMs, call.signal);
      const attempted = await runAttempts<AskedTarget, Attempted>({
        targets: call.resolved.targets.map((each) => ({ ...each, attempts: each.config.attempts })),
        async attempt(each, { signal }) {
          const value = await noteAttempt(each, call.evidence, () =>
            attemptTarget(asked, each, { egress, now: () => clock.now(), signal }),
          );
          return value.kind === "whole" ? { value, status: 200 } : { value, status: 200, over: value.end.promise };
        },
        breakers,
        budgets,
        deadline,
        random,
        clock,
      });
      for (const { target, code } of attempted.attempts) if (code === "circuit_open") noteSkipped(target, call.evidence);
      if (!attempted.ok) {
        deadline.end();
        throw attempted.error;
      }
      const { value, target } = attempted;
      if (value.kind === "whole") {
        deadline.end();
        const outcome = { target: target.name, answer: value.answer, cost: price(target, value.answer.usage), error: null };
        return { kind: "whole", text: value.text, outcome };
      }
      let error: AppError | null = null;
      const broken = (why: AppError) => {
        error = why;
        value.end.reject(why);
        return dialect.writeStreamError({ status: why.status, code: why.code, message: why.message, inferenceId: call.inferenceId });
      };
      return {
        kind: "stream",
        texts: tell(value, broken),
        outcome: () => {
          const answer = value.collector.answer();
          const cut = value.collector.ended ? null : new AppError("provider_failed", "The answer was not heard to its end.");
          return { target: target.name, answer, cost: price(target, answer.usage), error: error ?? cut };
        },
        async leave() {
          try {
            if (value.collector.ended) while ((await value.spoken.next()).done !== true);
          } catch {
            // It was whole before.
          } finally {
            await value.spoken.return(undefined);
            value.end.resolve();
            deadline.end();
          }
        },
      };
    },
  };
}
