import { setTimeout as sleep } from "node:timers/promises";
import { type Cancellation, AppError, type Clock, type EvidenceRecorder, roundMs, toAppError, toAbortSignal } from "../../core/index.ts";
import type { SharedStore } from "../shared-store/open.ts";
import type { CallOrigin, CallOutcome, Stage } from "../stage.ts";
import type { AbuseConfig } from "./config.ts";
import { createScores } from "./scores.ts";
import { createSharedScores } from "./shared-scores.ts";

export { abuseSchema } from "./config.ts";

type Who = Pick<CallOrigin, "projectId" | "principalId">;

/** What a guard looks at: nothing of it is about chat. */
interface GuardedCall {
  readonly origin: CallOrigin;
  readonly evidence: EvidenceRecorder;
  readonly signal: Cancellation;
}

export interface AbuseGuard {
  /** Of chat: it hears answers that a filter cut off, and what broke a stream. */
  readonly stage: Stage;
  /** Of whatever else is asked: it hears what is thrown. */
  guard<C extends GuardedCall, R>(call: C, next: (call: C) => Promise<R>): Promise<R>;
  /** A call that came to nothing before it reached the gateway: a key over its limit. */
  refused(who: Who, code: string): void;
}

/** Calls that wait at once, all principals together: past it they are refused. */
const mostWaiting = 1000;

export interface AbuseDeps {
  readonly clock: Clock;
  /** Absent: this node knows its own scores alone. */
  readonly store?: SharedStore | undefined;
}

/** Slows, then blocks, principals whose calls are refused again and again. Without a configuration it does nothing. */
export function createAbuseGuard(config: AbuseConfig | undefined, { clock, store }: AbuseDeps): AbuseGuard {
  if (config === undefined) return { stage: (call, next) => next(call), guard: (call, next) => next(call), refused: () => {} };
  const { slowAt, blockAt, maxDelayMs, weights } = config;
  // A block ends after one half-life at most, when nothing is added.
  const rules = { clock, halfLifeMs: config.halfLifeSeconds * 1000, most: 2 * blockAt };
  const local = createScores(rules);
  const shared = store && createSharedScores({ ...rules, local, store, whenStoreIsAway: config.whenStoreIsAway });
  const scores = shared ?? local;
  let waiting = 0;

  function weightOf(code: string, status: unknown): number {
    if (code === "budget_exceeded" || code === "rate_limited") return weights.refusal;
    return code === "provider_refused" && typeof status === "number" && status < 500 ? weights.providerError : 0;
  }

  function heard(who: string, { answer, error }: CallOutcome): void {
    if (answer?.finish === "filter") scores.add(who, weights.filtered);
    else if (error !== null) scores.add(who, weightOf(error.code, error.details["providerStatus"]));
  }

  function checkBlock(who: string, call: GuardedCall): void {
    const score = scores.of(who);
    if (score < blockAt && waiting >= mostWaiting) throw new AppError("overloaded", "Too many slowed calls wait already.");
    if (score < blockAt) return;
    const waitMs = Math.max(1000, scores.msUntilBelow(who, blockAt));
    note(call, { startMs: call.evidence.elapsed(), score, refused: true });
    throw blocked(call.origin, waitMs, clock.now() + waitMs);
  }

  /** The longer, the worse the standing of its principal. */
  async function slow(who: string, call: GuardedCall): Promise<void> {
    const score = scores.of(who);
    const delayMs = Math.round(maxDelayMs * Math.min(1, Math.max(0, (score - slowAt) / (blockAt - slowAt))));
    if (delayMs === 0) return;
    const startMs = call.evidence.elapsed();
    waiting++;
    try {
      await sleep(delayMs, undefined, { signal: toAbortSignal(call.signal) });
    } catch {
      throw new AppError("client_gone", "The client went away.");
    } finally {
      waiting--;
    }
    note(call, { startMs, score, refused: false });
  }

  async function guard<C extends GuardedCall, R>(call: C, next: (call: C) => Promise<R>): Promise<R> {
    const who = nameOf(call.origin);
    await shared?.look(who);
    if (scores.of(who) >= slowAt) {
      checkBlock(who, call);
      await slow(who, call);
    }
    try {
      return await next(call);
    } catch (error) {
      const { code, details } = toAppError(error);
      scores.add(who, weightOf(code, details["providerStatus"]));
      throw error;
    }
  }

  return {
    guard,
    refused: (who, code) => scores.add(nameOf(who), weightOf(code, undefined)),
    async stage(call, next) {
      const who = nameOf(call.origin);
      const reply = await guard(call, next);
      if (reply.kind === "whole") {
        heard(who, reply.outcome);
        return reply;
      }
      let isHeard = false;
      return {
        ...reply,
        leave() {
          if (!isHeard) heard(who, reply.outcome());
          isHeard = true;
          return reply.leave();
        },
      };
    },
  };
}

function nameOf({ projectId, principalId }: Who): string {
  return `${projectId} ${principalId}`;
}

function note({ evidence }: GuardedCall, { startMs, score, refused }: { startMs: number; score: number; refused: boolean }): void {
  evidence.step({
    name: "abuse",
    kind: "admission",
    startMs: roundMs(startMs),
    durationMs: roundMs(evidence.elapsed() - startMs),
    status: refused ? "failed" : "ok",
    ...(refused ? { error: "abuse_blocked" } : {}),
    details: { score: Math.round(score * 100) / 100 },
  });
}

function blocked({ principalId }: Who, waitMs: number, until: number): AppError {
  const endsAt = new Date(until).toISOString();
  return new AppError(
    "abuse_blocked",
    `Too many calls of ${principalId} were refused lately, by budgets, limits or providers: it is blocked until ${endsAt}.`,
    { details: { principal: principalId, endsAt, retryAfterSeconds: Math.ceil(waitMs / 1000) } },
  );
}
