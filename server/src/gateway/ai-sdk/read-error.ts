import { isAppError } from "../../core/index.ts";
import { attemptError, providerFailed } from "../exchange/failures.ts";
import { retryAfterMs } from "../reliability/backoff.ts";
import type { UpstreamError } from "../types.ts";

/** The fields of the SDK's APICallError; a package may bring a class of its own. */
interface CallError {
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly isRetryable?: unknown;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const kinds: Readonly<Record<number, UpstreamError["kind"]>> = {
  400: "invalid_request",
  401: "authentication",
  403: "permission",
  404: "not_found",
  408: "timeout",
  413: "too_large",
  422: "invalid_request",
  429: "rate_limit",
  503: "overloaded",
  529: "overloaded",
};

/** What a package threw: said by its provider, or ours on the way out, or else a failure. */
export function readError(error: unknown, { name, now, totalMs }: { name: string; now: number; totalMs: number }): UpstreamError | Error {
  const { message, statusCode, isRetryable, responseHeaders, cause } = (error ?? {}) as CallError;
  if (typeof statusCode === "number" && statusCode >= 300) {
    const waitMs = retryAfterMs(responseHeaders?.["retry-after"], now);
    return {
      status: statusCode,
      kind: kinds[statusCode] ?? (statusCode >= 500 ? "server" : "invalid_request"),
      message: String(message),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    };
  }
  const own = [error, cause, (cause as CallError | undefined)?.cause].find((each) => isAppError(each));
  if (own !== undefined) return attemptError(own, { name, totalMs }) as Error;
  return providerFailed(
    `${name}: ${typeof message === "string" ? message.slice(0, 1000) : "its package failed without a word"}`,
    isRetryable === false ? { target: name, retryable: false } : { target: name },
    error,
  );
}
