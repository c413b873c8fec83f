import { isAppError } from "../../core/index.ts";

/** Statuses that may be another one next time: a timeout of theirs, a limit, and what is wrong on their side (529: Anthropic's "overloaded"). */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status <= 599);
}

/** What to do after a failure: ask the same target again, only another one, or nobody. */
export type RetryVerdict = "again" | "next" | "stop";

/**
 * The status decides where there is one (`details.status`). Otherwise a broken connection and a clock of the attempt may go well next
 * time; a redirect or an answer without end (`details.retryable: false`) would be the same here, but not elsewhere. A request that was
 * refused is wrong everywhere, unless it was the target's key (401, 403) or model (404) that was.
 */
export function retryVerdict(error: unknown): RetryVerdict {
  if (!isAppError(error)) return "stop";
  const { status, retryable, clock } = error.details;
  if (retryable === false) return "next";
  if (typeof status === "number" && status >= 300) {
    if (isRetryableStatus(status)) return "again";
    return status === 401 || status === 403 || status === 404 ? "next" : "stop";
  }
  if (error.code === "deadline_exceeded") return clock === undefined ? "stop" : "again";
  if (error.code === "provider_failed" || error.code === "provider_busy") return "again";
  // Another target may be configured, or speak the caller's dialect.
  return error.code === "egress_refused" || error.code === "untranslatable" ? "next" : "stop";
}

/** What it says about the target's health: a refusal is an answer, and an end of our own time says nothing. */
export function healthOf(error: unknown): "succeeded" | "failed" | "dropped" {
  if (!isAppError(error)) return "dropped";
  const { status, clock } = error.details;
  if (typeof status === "number" && status >= 300) return isRetryableStatus(status) ? "failed" : "succeeded";
  if (error.code === "deadline_exceeded") return clock === undefined ? "dropped" : "failed";
  return error.code === "provider_failed" || error.code === "provider_busy" ? "failed" : "dropped";
}
