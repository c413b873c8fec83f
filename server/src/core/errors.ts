import { type ErrorCode, type ErrorKind, errorTable } from "@millrace/contract";

export interface AppErrorOptions {
  /** Facts a reader or program can act on; never a secret. */
  readonly details?: Record<string, unknown>;
  readonly cause?: unknown;
}

/** An error from the one table. `message` says what was wrong and where; the table adds what to do. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message?: string, options: AppErrorOptions = {}) {
    const entry = errorTable[code];
    super(message ?? entry.title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = entry.kind;
    this.status = entry.status;
    this.details = options.details ?? {};
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** Turns anything thrown into an `AppError`; what is not ours becomes `internal` with its cause kept. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError("internal", message, { cause: error });
}
