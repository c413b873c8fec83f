import { AppError, type Cancellation, type Clock, Deadline, type Egress, createRandom, isAppError } from "../core/index.ts";
import { contextOf } from "./answer-context.ts";
import { type AttemptCall, type Attempted, attemptTarget, keysOf } from "./attempt-target.ts";
import { AttemptBook, type OpenAttempt } from "./attempt-book.ts";
import { dialects } from "./dialects/index.ts";
import { type Cost, costOf } from "./money/cost-of.ts";
import type { PriceTable } from "./money/price-table.ts";
import type { NativeSources } from "./native/types.ts";
import { isSkip, noteAttempt, noteSkipped } from "./note-attempt.ts";
import { createRetryBudgets } from "./reliability/retry-budget.ts";
import { type TargetBoard, createTargetBoard } from "./reliability/target-board.ts";
import { type AttemptTarget, runAttempts } from "./reliability/run-attempts.ts";
import type { Target } from "./resolve-model.ts";
import { noteConfidence } from "./routing/confidence.ts";
import type { LatencyBook } from "./routing/latency-book.ts";
import { withoutOwnMetadata } from "./routing/own-metadata.ts";
import { rankByRendezvous } from "./routing/rendezvous.ts";
import { sessionOf } from "./routing/session.ts";
import type { Ask, GatewayCall } from "./stage.ts";
import { tell } from "./tell.ts";
import type { Usage } from "./types.ts";

export interface AskDeps {
  readonly egress: Egress;
  readonly native?: NativeSources | undefined;
  readonly clock: Clock;
  readonly prices: PriceTable;
  /** Where it is written down how long each target takes. */
  readonly latencies?: LatencyBook;
  readonly board?: TargetBoard;
}

type AskedTarget = Target & AttemptTarget;

/** What asks the providers of a call: one target after the other, until one answers. */
export function createAsk({ egress, native, clock, prices, latencies, ...deps }: AskDeps): Ask {
  const budgets = createRetryBudgets();
  const random = createRandom(clock.now());
  const { breakers, bounds, watch } = deps.board ?? createTargetBoard({ clock, random });

  function prepare(call: GatewayCall): AskedTarget[] {
    const { targets } = call.resolved;
    const session = targets.some(({ config }) => keysOf(config).length > 1) ? sessionOf(call) : null;
    return targets.map((each) => {
      const ring = bounds.ring(each.name, keysOf(each.config).length);
      const order = session === null ? null : (places: readonly number[]) => rankByRendezvous(`${session.id} ${each.name}`, places);
      const keys = ring === undefined ? undefined : { ring, order };
      return { ...each, attempts: each.config.attempts, keys, slots: bounds.slots(each.name, each.config.concurrency) };
    });
  }

  function price(target: Target, usage: Usage | null): Cost {
    return costOf(usage, prices.find(target.provider, target.model, clock.now()));
  }

  async function timed(call: GatewayCall, target: Target, attempt: () => Promise<Attempted>): Promise<Attempted> {
    const from = performance.now();
    const watched = watch.begin(target.name);
    try {
      const value = await attempt();
      watched.answered(value.kind === "stream");
      if (value.kind === "stream") value.end.promise.then(watched.ended, watched.failed);
      else watched.ended();
      latencies?.note(target.name, call.request.stream, performance.now() - from);
      return value;
    } catch (error) {
      watched.failed(call.signal.aborted ? undefined : error);
      // What fails at once is not fast.
      if (!call.signal.aborted) latencies?.note(target.name, call.request.stream, target.config.clocks.firstTokenMs);
      throw error;
    }
  }

  return async (call) => {
    const book = call.book ?? new AttemptBook();
    const dialect = dialects[call.dialect];
    const context = contextOf(call, clock);
    const asked: AttemptCall = { dialect, body: call.body, request: call.request, context, betas: call.betas };
    // Anthropic's dialect knows no metadata.
    const askedOf = ({ config, native: isNative }: Target) =>
      isNative === true || config.dialect === "anthropic" ? { ...asked, request: withoutOwnMetadata(call) } : asked;
    const deadline = new Deadline(call.startedAt + call.resolved.totalMs, call.signal);
    const attempted = await runAttempts<AskedTarget, Attempted>({
      targets: prepare(call),
      async attempt(each, { signal, key }) {
        const paid = book.begin({ target: each.name, request: call.request, price: (usage) => price(each, usage) });
        const deps = { egress, native, key, now: () => clock.now(), signal, heard: paid.heard };
        const noted = { name: each.name, key: each.keys === undefined ? undefined : key, lost: paid.lost };
        const attempt = () => paying(paid, signal, () => attemptTarget(askedOf(each), each, deps));
        const value = await noteAttempt(noted, call.evidence, () => timed(call, each, attempt));
        return value.kind === "whole" ? { value, status: 200 } : { value, status: 200, over: value.end.promise };
      },
      breakers,
      budgets,
      deadline,
      random,
      clock,
    });
    for (const { target, code } of attempted.attempts) if (isSkip(code)) noteSkipped(target, call.evidence, code);
    if (!attempted.ok) {
      deadline.end();
      throw attempted.error;
    }
    const { value, target } = attempted;
    if (value.kind === "whole") {
      deadline.end();
      const outcome = {
        target: target.name,
        answer: value.answer,
        cost: price(target, value.answer.usage),
        error: null,
        ...noteConfidence(value.answer),
      };
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
        const answer = value.answer();
        const cut = value.collector.ended ? null : new AppError("provider_failed", "The answer was not heard to its end.");
        return { target: target.name, answer, cost: price(target, answer.usage), error: error ?? cut, ...noteConfidence(answer) };
      },
      async leave() {
        try {
          if (value.collector.ended) while ((await value.spoken.next()).done !== true);
        } catch {
          // It was whole before.
        } finally {
          try {
            await value.spoken.return(undefined);
          } finally {
            value.end.resolve();
            deadline.end();
          }
        }
      },
    };
  };
}

/** Tells the book what becomes of an attempt. */
async function paying(paid: OpenAttempt, signal: Cancellation, attempt: () => Promise<Attempted>): Promise<Attempted> {
  try {
    const value = await attempt();
    paid.follow(() =>
      value.kind === "whole" ? { answer: value.answer, isWhole: true } : { answer: value.answer(), isWhole: value.collector.ended },
    );
    return value;
  } catch (error) {
    paid.failed(signal.aborted || (isAppError(error) && error.code === "deadline_exceeded"));
    throw error;
  }
}
