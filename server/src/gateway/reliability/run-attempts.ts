import { setTimeout as sleep } from "node:timers/promises";
import { type Cancellation, type Clock, type Deadline, type Random, isAppError } from "../../core/index.ts";
import { type Backoff, backoffMs, defaultBackoff } from "./backoff.ts";
import type { CircuitBreakers, CircuitPass } from "./circuit-breaker.ts";
import { type AttemptTarget, type Lane, type SkipReason, enterLane, nothingHeld, takeSlot, together } from "./enter-lane.ts";
import { keyVerdict } from "./key-ring.ts";
import { isOver, nothingTried } from "./nothing-tried.ts";
import type { RetryBudgets } from "./retry-budget.ts";
import { type RetryVerdict, healthOf, retryVerdict } from "./retryable.ts";

export type { AttemptTarget } from "./enter-lane.ts";

export interface AttemptContext {
  /** The end of the time, or the caller gone. */
  readonly signal: Cancellation;
  /** The place of the key to send, from 1. */
  readonly key: number;
  /** The first byte has left for the caller: from here on nothing is tried again. */
  commit(): void;
}

export interface Attempted<Value> {
  readonly value: Value;
  readonly status: number;
  /** Settles with a stream, for the target's health; rejects with what broke it, which is not tried again. */
  readonly over?: Promise<unknown>;
}

/** For the evidence. */
export interface AttemptRecord {
  readonly target: string;
  /** As the clock counts. */
  readonly startedAt: number;
  readonly ms: number;
  /** Of the error; null when it went well; a `SkipReason` when nothing was sent. */
  readonly code: string | null;
  /** Of HTTP, where one came. */
  readonly status: number | null;
}

export interface RunAttempts<Target extends AttemptTarget, Value> {
  readonly targets: readonly Target[];
  /**
   * One try. What failed is thrown, a refusal too: an `AppError` with `details.status`, and `details.retryAfterMs` where the provider
   * gave one. A stream may be answered before its end; what became of it is then told by `over`.
   */
  attempt(target: Target, context: AttemptContext): Promise<Attempted<Value>>;
  readonly budgets: RetryBudgets;
  readonly breakers: CircuitBreakers;
  readonly deadline: Deadline;
  readonly random: Random;
  readonly clock: Clock;
  readonly backoff?: Backoff;
  readonly canRetry?: (error: unknown) => RetryVerdict;
}

export type AttemptsResult<Target, Value> = { readonly attempts: readonly AttemptRecord[]; readonly committed: boolean } & (
  | { readonly ok: true; readonly target: Target; readonly value: Value }
  /** That of the last try that was made. */
  | { readonly ok: false; readonly error: unknown }
);

/**
 * The one owner of repetition: nothing below repeats anything. One target after the other, each up to its attempts, with pauses that fit
 * into the time that is left. A repetition is paid for from the target's budget; another target's first try is not one.
 */
export async function runAttempts<Target extends AttemptTarget, Value>(
  options: RunAttempts<Target, Value>,
): Promise<AttemptsResult<Target, Value>> {
  const { targets, budgets, deadline, clock, canRetry = retryVerdict } = options;
  const attempts: AttemptRecord[] = [];
  let committed = false;
  let error: unknown;

  async function tryOnce(target: Target, { key, pass, release }: Lane): Promise<{ value: Value } | undefined> {
    const startedAt = clock.now();
    const from = performance.now();
    const record = (code: string | null, status: number | null) =>
      attempts.push({ target: target.name, startedAt, ms: performance.now() - from, code, status });
    try {
      const { value, status, over } = await options.attempt(target, { signal: deadline, key, commit: () => (committed = true) });
      if (over === undefined) {
        release();
        pass.succeeded();
      } else {
        // Whoever forgets a stream has its time at most.
        if (release !== nothingHeld) deadline.onEnd(release);
        over.finally(release).then(pass.succeeded, (problem: unknown) => report(pass, problem));
      }
      record(null, status);
      return { value };
    } catch (problem) {
      release();
      error = problem;
      report(pass, problem);
      const status = isAppError(problem) ? problem.details["status"] : undefined;
      record(isAppError(problem) ? problem.code : "internal", typeof status === "number" ? status : null);
      return undefined;
    }
  }

  function report(pass: CircuitPass, problem: unknown): void {
    // A clock of the attempt that was set to what was left of the time rings with it.
    pass[isOver(deadline) ? "dropped" : healthOf(problem)]();
  }

  function skip(target: Target, code: SkipReason): "next" {
    attempts.push({ target: target.name, startedAt: clock.now(), ms: 0, code, status: null });
    return "next";
  }

  async function askTarget(target: Target): Promise<{ value: Value } | "next" | "stop"> {
    const turnedAway = new Set<number>();
    for (let tries = 1; tries <= target.attempts && !isOver(deadline);) {
      const taken = takeSlot(target, deadline);
      const slot = taken instanceof Promise ? await taken : taken;
      if (slot === "gone") return "stop";
      if (typeof slot === "string") return skip(target, "target_busy");
      const lane = enterLane(target, turnedAway, options);
      if (typeof lane === "string") {
        slot();
        return skip(target, lane);
      }
      if (tries === 1 && turnedAway.size === 0) budgets.of(lane.name).deposit();
      const done = await tryOnce(target, { ...lane, release: together(slot, lane.release) });
      if (done !== undefined) return done;
      if (committed) return "stop";
      const told = target.keys === undefined ? null : keyVerdict(detailOf(error, "status"));
      if (told !== null) {
        target.keys!.ring.rest(lane.key, told, detailOf(error, "retryAfterMs") as number | undefined);
        turnedAway.add(lane.key);
        if (turnedAway.size === target.keys!.ring.size) return "next";
        // Another key's first try is no repetition, and this one now rests: a storm of refusals ends by itself.
        continue;
      }
      const verdict = canRetry(error);
      if (verdict === "stop") return "stop";
      if (verdict === "next" || tries === target.attempts || !(await mayRepeat(options, { lane: lane.name, tries, error }))) return "next";
      tries += 1;
    }
    return "next";
  }

  for (const target of targets) {
    const done = await askTarget(target);
    if (typeof done === "object") return { ok: true, target, value: done.value, attempts, committed };
    if (done === "stop") break;
  }
  return { ok: false, error: error ?? nothingTried(options, attempts), attempts, committed };
}

/** Pauses and answers true, or answers false at once: the pause would be too long, or nothing is left of the budget. */
async function mayRepeat<Target extends AttemptTarget, Value>(
  { backoff = defaultBackoff, budgets, deadline, random }: RunAttempts<Target, Value>,
  { lane, tries, error }: { readonly lane: string; readonly tries: number; readonly error: unknown },
): Promise<boolean> {
  const asked = isAppError(error) ? error.details["retryAfterMs"] : undefined;
  const least = typeof asked === "number" ? asked : 0;
  // On top of what was asked for: whoever was turned away together would come back together.
  const pause = least + backoffMs(tries, backoff, random);
  if (least > backoff.patienceMs || pause >= deadline.remainingMs()) return false;
  if (!budgets.of(lane).withdraw()) return false;
  try {
    await sleep(pause, undefined, { signal: deadline.signal });
    return true;
  } catch {
    return false;
  }
}

function detailOf(error: unknown, name: string): unknown {
  return isAppError(error) ? error.details[name] : undefined;
}
