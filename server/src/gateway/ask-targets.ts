import { AppError, type Clock, Deadline, type Egress, createRandom } from "../core/index.ts";
import { contextOf } from "./answer-context.ts";
import { type AttemptCall, type Attempted, attemptTarget } from "./attempt-target.ts";
import { dialects } from "./dialects/index.ts";
import { type Cost, costOf } from "./money/cost-of.ts";
import type { PriceTable } from "./money/price-table.ts";
import { noteAttempt, noteSkipped } from "./note-attempt.ts";
import { createCircuitBreakers } from "./reliability/circuit-breaker.ts";
import { createRetryBudgets } from "./reliability/retry-budget.ts";
import { runAttempts } from "./reliability/run-attempts.ts";
import type { Target } from "./resolve-model.ts";
import type { Ask } from "./stage.ts";
import { tell } from "./tell.ts";
import type { Usage } from "./types.ts";

export interface AskDeps {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly prices: PriceTable;
}

interface AskedTarget extends Target {
  readonly attempts: number;
}

/** What asks the providers of a call: one target after the other, until one answers. */
export function createAsk({ egress, clock, prices }: AskDeps): Ask {
  const breakers = createCircuitBreakers(clock);
  const budgets = createRetryBudgets();
  const random = createRandom(clock.now());

  function price(target: Target, usage: Usage | null): Cost | null {
    return costOf(usage, prices.find(target.provider, target.model, clock.now()));
  }

  return async (call) => {
    const dialect = dialects[call.dialect];
    const context = contextOf(call, clock);
    const asked: AttemptCall = { dialect, body: call.body, request: call.request, context };
    const deadline = new Deadline(call.startedAt + call.resolved.totalMs, call.signal);
    const attempted = await runAttempts<AskedTarget, Attempted>({
      targets: call.resolved.targets.map((each) => ({ ...each, attempts: each.config.attempts })),
      async attempt(each, { signal }) {
        const value = await noteAttempt(each, call.evidence, () => attemptTarget(asked, each, { egress, now: () => clock.now(), signal }));
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
      return value.broken({ status: why.status, code: why.code, message: why.message, inferenceId: call.inferenceId });
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
  };
}
