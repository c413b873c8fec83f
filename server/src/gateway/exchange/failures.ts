import { AppError, isAppError } from "../../core/index.ts";

/** The clocks of one attempt: the whole of it, until the first byte of a stream, between two pieces of a stream. */
export type SendClock = "total" | "firstToken" | "gap";

export function clockRanOut(clock: SendClock, ms: number, host: string): AppError {
  const what = { total: "no whole answer", firstToken: "no beginning of an answer", gap: "nothing more of its answer" }[clock];
  return new AppError("deadline_exceeded", `${host} gave ${what} within ${Math.round(ms)} ms.`, { details: { clock, ms, host } });
}

/** `retryable: false` in the details: it would do the same again. */
export function providerFailed(message: string, details: Record<string, unknown>, cause?: unknown): AppError {
  return new AppError("provider_failed", message, { details, cause });
}

/** What the way out says, as what it means for an attempt. The signal's reason, and a host nobody configured, stay what they are. */
export function attemptError(error: unknown, totalMs: number): unknown {
  if (!isAppError(error)) return error;
  const host = String(error.details["host"] ?? "The provider");
  switch (error.code) {
    case "egress_failed":
      return providerFailed(error.message, error.details, error);
    case "egress_timeout":
      // Its other clocks are set to ours for the whole.
      if (error.details["clock"] !== "connect") return clockRanOut("total", totalMs, host);
      return providerFailed(error.message, { host, code: "ETIMEDOUT", clock: "connect" }, error);
    case "egress_too_large":
      return providerFailed(error.message, { host, reason: "too_large", maxBytes: error.details["maxBytes"], retryable: false }, error);
    case "egress_refused":
      if (error.details["reason"] !== "redirect") return error;
      return providerFailed(`${host} redirects, and a prompt follows no redirect.`, { host, reason: "redirect", retryable: false }, error);
    default:
      return error;
  }
}
