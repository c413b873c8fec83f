import type { Problem } from "@millrace/contract";

/** An error answer of the server (RFC 9457), or `server_unreachable` when there was none. */
export class MillraceError extends Error {
  override readonly name = "MillraceError";
  readonly code: string;
  readonly status: number;
  /** What to do about it. */
  readonly fix: string;
  readonly details: Record<string, unknown>;
  readonly requestId: string | undefined;
  /** Seconds to wait before asking again, from Retry-After. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Problem, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(problem.detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = problem.code;
    this.status = problem.status;
    this.fix = problem.fix;
    this.details = problem.details ?? {};
    this.requestId = problem.requestId;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
