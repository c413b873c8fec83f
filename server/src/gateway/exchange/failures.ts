import { AppError, isAppError } from "../../core/index.ts";

/** The clocks of one attempt: the whole of it, until the first byte of a stream, between two pieces of a stream. */
export type SendClock = "total" | "firstToken" | "gap";

/** `name`: as callers know it. Where it stands in the network is nobody's affair but the operator's. */
export function clockRanOut(clock: SendClock, ms: number, name: string): AppError {
  const what = { total: "no whole answer", firstToken: "no beginning of an answer", gap: "nothing more of its answer" }[clock];
  return new AppError("deadline_exceeded", `${name} gave ${what} within ${Math.round(ms)} ms.`, { details: { clock, ms, target: name } });
}

/** `retryable: false` in the details: it would do the same again. */
export function providerFailed(message: string, details: Record<string, unknown>, cause?: unknown): AppError {
  return new AppError("provider_failed", message, { details, cause });
}

/**
 * What the way out says, as what it means for an attempt at `name`. Hosts and addresses stay in the cause, which the evidence shows
 * and no caller sees. The signal's reason stays what it is.
 */
export function attemptError(error: unknown, { name, totalMs }: { readonly name: string; readonly totalMs: number }): unknown {
  if (!isAppError(error)) return error;
  const { code, reason, maxBytes, clock } = error.details;
  const known = { target: name, ...(code === undefined ? {} : { code }) };
  switch (error.code) {
    case "egress_failed":
      return providerFailed(`The request to ${name} failed${typeof code === "string" ? `: ${code}` : ""}.`, known, error);
    case "egress_timeout":
      // Its other clocks are set to ours for the whole.
      if (clock !== "connect") return clockRanOut("total", totalMs, name);
      return providerFailed(`${name} took no connection in time.`, { target: name, code: "ETIMEDOUT", clock: "connect" }, error);
    case "egress_too_large":
      return providerFailed(
        `The answer of ${name} is larger than ${String(maxBytes)} bytes.`,
        { target: name, reason: "too_large", maxBytes, retryable: false },
        error,
      );
    case "egress_refused":
      if (reason === "redirect")
        return providerFailed(
          `${name} redirects, and a prompt follows no redirect.`,
          { target: name, reason: "redirect", retryable: false },
          error,
        );
      return new AppError("egress_refused", `${name} may not be asked: egress.hosts does not allow its address. The evidence names it.`, {
        details: { target: name, reason },
        cause: error,
      });
    default:
      return error;
  }
}

/** Whom an attempt could not reach, and what the way out said of it: for the evidence alone. */
export function wayOf(error: unknown): Record<string, unknown> {
  const { cause } = error instanceof Error ? error : {};
  if (!isAppError(cause) || !cause.code.startsWith("egress_")) return {};
  const { host } = cause.details;
  return { ...(host === undefined ? {} : { host }), cause: cause.message };
}
