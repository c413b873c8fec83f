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
/** Whoever started the batch may not ask any more: no further row can do better. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["unauthenticated", "key_revoked", "forbidden", "unknown_function"]);

/** What an error means for a batch: this row failed, all rows wait, or the batch ends here. */
export type Verdict = { readonly kind: "row" } | { readonly kind: "hold"; readonly ms: number } | { readonly kind: "end" };

export function judgeError(error: AppError): Verdict {
  if (final.has(error.code)) return { kind: "end" };
  if (!passing.has(error.code)) return { kind: "row" };
  if (error.code === "function_switched_off") return { kind: "hold", ms: switchPauseMs };
  const { retryAfterSeconds } = error.details;
  const ms = typeof retryAfterSeconds === "number" ? retryAfterSeconds * 1000 : 1000;
  return { kind: "hold", ms: Math.min(longestHoldMs, Math.max(100, ms)) };
}
