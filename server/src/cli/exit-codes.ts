import type { ErrorCode } from "@millrace/contract";

/** The exit codes of every command; docs/cli.md states them. */
export const exitCodes = {
  ok: 0,
  /** It was understood and tried, and it failed; also: the audit log does not verify. */
  failed: 1,
  /** The command line or the input is wrong. */
  usage: 2,
  /** What it names does not exist. */
  notFound: 3,
  /** No key, a revoked one, or one without the permission. */
  notAllowed: 4,
  /** The server cannot be reached, is overloaded or the function is off: the same command may work later. */
  unavailable: 5,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const usageCodes: readonly string[] = ["config_invalid", "config_missing", "secret_missing", "backup_invalid"] satisfies ErrorCode[];

/** The exit code of an error answer, from its status and, where the status says too little, its code. */
export function exitCodeOf(error: { code: string; status: number }): ExitCode {
  if (usageCodes.includes(error.code)) return exitCodes.usage;
  if (error.status === 404) return exitCodes.notFound;
  if (error.status === 401 || error.status === 403) return exitCodes.notAllowed;
  if (error.status === 503 || error.status === 429 || error.status === 504) return exitCodes.unavailable;
  if (error.status === 400 || error.status === 413 || error.status === 415 || error.status === 422) return exitCodes.usage;
  return exitCodes.failed;
}
