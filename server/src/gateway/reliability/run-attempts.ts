import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Clock, type Deadline, type Random, isAppError } from "../../core/index.ts";
import { type Backoff, backoffMs, defaultBackoff } from "./backoff.ts";
import type { CircuitBreakers, CircuitPass } from "./circuit-breaker.ts";
import type { RetryBudgets } from "./retry-budget.ts";
import { type RetryVerdict, healthOf, retryVerdict } from "./retryable.ts";

export interface AttemptTarget {
  /** Budgets and breakers are kept by it. */
  readonly name: string;
  /** Tries at most, the first included. */
  readonly attempts: number;
}

export interface AttemptContext {
  /** The end of the time, or the caller gone. */
  readonly signal: AbortSignal;
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
  /** Of the error; null when it went well; `circuit_open` when nothing was sent. */
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
  const { targets, breakers, budgets, deadline, clock, canRetry = retryVerdict } = options;
  const attempts: AttemptRecord[] = [];
  let committed = false;
  let error: unknown;

  async function tryOnce(target: Target, pass: CircuitPass): Promise<{ value: Value } | undefined> {
    const startedAt = clock.now();
    const from = performance.now();
    const record = (code: string | null, status: number | null) =>
      attempts.push({ target: target.name, startedAt, ms: performance.now() - from, code, status });
    try {
      const { value, status, over } = await options.attempt(target, { signal: deadline.signal, commit: () => (committed = true) });
      if (over === undefined) pass.succeeded();
      else over.then(pass.succeeded, (problem: unknown) => report(pass, problem));
      record(null, status);
      return { value };
    } catch (problem) {
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

  for (const target of targets) {
    for (let tries = 1; tries <= target.attempts && !isOver(deadline); tries++) {
      const pass = breakers.of(target.name).enter();
      if (pass === undefined) {
        attempts.push({ target: target.name, startedAt: clock.now(), ms: 0, code: "circuit_open", status: null });
        break;
      }
      if (tries === 1) budgets.of(target.name).deposit();
      const done = await tryOnce(target, pass);
      if (done !== undefined) return { ok: true, target, value: done.value, attempts, committed };
      const verdict = committed ? "stop" : canRetry(error);
      if (verdict === "stop") return { ok: false, error, attempts, committed };
      if (verdict === "next" || tries === target.attempts || !(await mayRepeat(options, { target, tries, error }))) break;
    }
  }
  return { ok: false, error: error ?? nothingTried(options), attempts, committed };
}

/** Pauses and answers true, or answers false at once: the pause would be too long, or nothing is left of the budget. */
async function mayRepeat<Target extends AttemptTarget, Value>(
  { backoff = defaultBackoff, budgets, deadline, random }: RunAttempts<Target, Value>,
  { target, tries, error }: { readonly target: Target; readonly tries: number; readonly error: unknown },
): Promise<boolean> {
  const asked = isAppError(error) ? error.details["retryAfterMs"] : undefined;
  const least = typeof asked === "number" ? asked : 0;
  // On top of what was asked for: whoever was turned away together would come back together.
  const pause = least + backoffMs(tries, backoff, random);
  if (least > backoff.patienceMs || pause >= deadline.remainingMs()) return false;
  if (!budgets.of(target.name).withdraw()) return false;
  try {
    await sleep(pause, undefined, { signal: deadline.signal });
    return true;
  } catch {
    return false;
  }
}

function isOver(deadline: Deadline): boolean {
  return deadline.passed() || deadline.remainingMs() < 2;
}

function nothingTried<Target extends AttemptTarget, Value>({ targets, breakers, deadline }: RunAttempts<Target, Value>): AppError {
  if (isOver(deadline)) return new AppError("deadline_exceeded");
  const waits = targets.map((target) => breakers.of(target.name).waitMs);
  return new AppError("provider_busy", "Every target failed too often lately and is left alone for a while.", {
    details: { targets: targets.map((target) => target.name), retryAfterMs: Math.min(...waits) },
  });
}
