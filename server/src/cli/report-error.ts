import { errorTable } from "@millrace/contract";
import { MillraceError } from "@millrace/sdk";
import { isAppError } from "../core/index.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { type GlobalOptions, lacksKey } from "./session.ts";
import { paletteOf, printable } from "./terminal.ts";
import type { Terminal } from "./types.ts";

interface Told {
  readonly code: string;
  readonly what: string;
  readonly where: string;
  readonly fix: string;
  readonly details: Record<string, unknown>;
  readonly exit: ExitCode;
}

/** Prints an error as what, where, what to do (or as one JSON line) on standard error; answers the exit code. */
export function reportError(
  error: unknown,
  context: { terminal: Terminal; command: string; options: GlobalOptions; url: string },
): ExitCode {
  const told = tell(error, context);
  const { terminal } = context;
  if (context.options.json === true) {
    const { exit, ...rest } = told;
    terminal.error(`${JSON.stringify({ error: { ...rest, exitCode: exit } })}\n`);
    return told.exit;
  }
  const palette = paletteOf({ colours: terminal.isErrorTerminal && terminal.colours });
  const lines = [`${palette.bad("error")}  ${printable(told.what)}`, `${palette.dim("where")}  ${told.where}`];
  for (const [name, value] of Object.entries(told.details)) {
    // The message says these already; --json has them all.
    if (name === "issues" || value === null) continue;
    lines.push(`       ${palette.dim(name)} ${printable(typeof value === "string" ? value : JSON.stringify(value))}`);
  }
  lines.push(`${palette.dim("to do")}  ${told.fix}`);
  terminal.error(`${lines.join("\n")}\n`);
  return told.exit;
}

function tell(error: unknown, context: { command: string; options: GlobalOptions; url: string }): Told {
  if (error instanceof MillraceError) {
    const request = error.requestId === undefined ? "" : ` · request ${error.requestId}`;
    const wait = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds };
    const keyless = lacksKey(error, context.options);
    return {
      code: error.code,
      what: error.message,
      where: `${context.command} · ${context.url} · ${error.code}${request}`,
      fix: keyless ? `There is no ${context.options.data}/admin.key here. Pass --data <folder> of the server, or --key <key>.` : error.fix,
      details: { ...error.details, ...wait },
      exit: exitCodeOf(error),
    };
  }
  if (isAppError(error)) {
    return {
      code: error.code,
      what: error.message,
      where: `${context.command} · ${error.code}`,
      fix: errorTable[error.code].fix,
      details: error.details,
      exit: exitCodeOf(error),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", what: message, where: context.command, fix: errorTable.internal.fix, details: {}, exit: exitCodes.failed };
}
