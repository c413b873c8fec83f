import { AppError, isAppError } from "../errors.ts";

/** `details` carry host and reason, and `setting`: the path in the configuration that would allow it. Never a path or query: they may hold keys. */
export function refused(message: string, details: Record<string, unknown>): AppError {
  return new AppError("egress_refused", message, { details });
}

export function timedOut(host: string, clock: "connect" | "headers" | "idle" | "total", ms: number): AppError {
  const what = {
    connect: "no connection",
    headers: "no head of an answer",
    idle: "nothing more of the answer",
    total: "no whole answer",
  }[clock];
  return new AppError("egress_timeout", `${host} gave ${what} within ${ms} ms.`, {
    details: { host, clock, ms, setting: `egress.${clock}Ms` },
  });
}

export function tooLarge(host: string, maxBytes: number): AppError {
  return new AppError("egress_too_large", `The answer of ${host} is larger than ${maxBytes} bytes.`, {
    details: { host, maxBytes, setting: "egress.maxResponseBytes" },
  });
}

/** What a connection threw, as an error of ours; ours stay as they are. */
export function failed(host: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = codeOf(error) ?? codeOf(cause);
  return new AppError("egress_failed", `The request to ${host} failed: ${message}`, {
    details: { host, ...(code === undefined ? {} : { code }) },
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}
