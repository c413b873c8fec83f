import type { ErrorCode } from "@millrace/contract";
import type { AppError } from "../../core/index.ts";

/** A switch is asked again this often: looking costs nothing. */
const switchPauseMs = 500;
const longestHoldMs = 60_000;

/** Nothing of the row's own: it is asked again once that has passed. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "function_switched_off",
  "rate_limited",
  "overloaded",
  "idempotency_in_progress",
  "evidence_unavailable",
  "state_stale",
  "database_unavailable",
  "database_restarted",
  "model_not_ready",
]);
/** The same of a chain in which it is all that failed, where waiting helps. Each try is an inference of its own, so the next one is not soon. */
const spent: readonly unknown[] = ["budget_exceeded", "budget_unavailable", "abuse_unavailable"] satisfies ErrorCode[];
/** Whoever started the batch may not ask any more: no further row can do better. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["unauthenticated", "key_revoked", "forbidden", "unknown_function"]);

/** What an error means for a batch: this row failed, all rows wait, or the batch ends here. */
export type Verdict = { readonly kind: "row" } | { readonly kind: "hold"; readonly ms: number } | { readonly kind: "end" };

export function judgeError(error: AppError): Verdict {
  if (final.has(error.code)) return { kind: "end" };
  if (isSpent(error)) return { kind: "hold", ms: longestHoldMs };
  if (!passing.has(error.code)) return { kind: "row" };
  if (error.code === "function_switched_off") return { kind: "hold", ms: switchPauseMs };
  const { retryAfterSeconds } = error.details;
  const ms = typeof retryAfterSeconds === "number" ? retryAfterSeconds * 1000 : 1000;
  return { kind: "hold", ms: Math.min(longestHoldMs, Math.max(100, ms)) };
}

/** Refused by a budget in which there is room again some time. */
export function isSpentBudget({ code, details }: Pick<AppError, "code" | "details">): boolean {
  return spent.includes(code) && details["retryable"] !== false;
}

function isSpent({ code, details }: AppError): boolean {
  const { failures } = details;
  if (code !== "all_variants_failed" || !Array.isArray(failures) || failures.length === 0) return false;
  return failures.every(
    (failure: { readonly code?: unknown; readonly retryable?: unknown }) => spent.includes(failure.code) && failure.retryable !== false,
  );
}
