import { AppError, type Deadline } from "../../core/index.ts";
import type { CircuitBreakers } from "./circuit-breaker.ts";
import { type AttemptTarget, laneName } from "./enter-lane.ts";
import type { AttemptRecord } from "./run-attempts.ts";

interface NothingTried {
  readonly targets: readonly AttemptTarget[];
  readonly breakers: CircuitBreakers;
  readonly deadline: Deadline;
}

/** Why not one try was made. */
export function nothingTried({ targets, breakers, deadline }: NothingTried, attempts: readonly AttemptRecord[]): AppError {
  if (isOver(deadline)) return new AppError("deadline_exceeded");
  const waits = targets.map((target) => {
    const code = attempts.find((attempt) => attempt.target === target.name)?.code;
    if (code === "target_busy") return target.slots!.options.waitMs;
    if (target.keys === undefined) return breakers.of(target.name).waitMs;
    const { ring } = target.keys;
    const open = Array.from({ length: ring.size }, (_, index) => breakers.of(laneName(target.name, index + 1)).waitMs);
    return Math.max(ring.waitMs, Math.min(...open));
  });
  const waitMs = Math.min(...waits);
  const isFull = attempts.every(({ code }) => code === "target_busy");
  const why = isFull ? "Every target does as much at once as it may" : "Every target failed too often lately, or has too much to do";
  const message = `${why}, and is left alone for a while.`;
  const details = { targets: targets.map((target) => target.name), retryAfterMs: waitMs, retryAfterSeconds: Math.ceil(waitMs / 1000) };
  return new AppError("provider_busy", message, { details });
}

export function isOver(deadline: Deadline): boolean {
  return deadline.passed() || deadline.remainingMs() < 2;
}
