import { type Command, InvalidArgumentError, Option } from "commander";
import type { Session } from "../session.ts";
import type { CliDeps, Terminal } from "../types.ts";

export interface Registrar {
  readonly cli: CliDeps;
  readonly terminal: Terminal;
  run(command: Command, handler: (session: Session) => Promise<number | void>): Promise<void>;
}

export interface VerbOption {
  readonly flags: string;
  readonly description: string;
  readonly default?: unknown;
  readonly choices?: readonly string[];
  readonly parse?: (text: string, previous: unknown) => unknown;
  readonly required?: boolean;
}

/** One command: how it is called, what it says about itself, what it does. */
export interface Verb {
  /** Name and arguments, for example `show <name>`. */
  readonly usage: string;
  readonly description: string;
  readonly options?: readonly VerbOption[];
  /** An example line for the help page, without `millrace`. */
  readonly example?: string;
  /** Answers the exit code; nothing means 0. Missing optional arguments are undefined. */
  run(session: Session, args: (string | undefined)[], options: Record<string, unknown>): Promise<number | void>;
}

export function addVerb(parent: Command, registrar: Registrar, verb: Verb): Command {
  return fill(parent.command(verb.usage), registrar, verb);
}

/** Gives an existing command (a module's noun that is also a short form) something to do by itself. */
export function fill(command: Command, registrar: Registrar, verb: Omit<Verb, "usage">): Command {
  command.description(verb.description);
  for (const entry of verb.options ?? []) {
    const option = new Option(entry.flags, entry.description);
    if (entry.default !== undefined) option.default(entry.default);
    if (entry.choices !== undefined) option.choices(entry.choices);
    if (entry.parse !== undefined) option.argParser(entry.parse);
    if (entry.required === true) option.makeOptionMandatory();
    command.addOption(option);
  }
  if (verb.example !== undefined) command.addHelpText("after", `\nExample:\n  millrace ${verb.example}`);
  command.action(async () => {
    await registrar.run(command, (session) => verb.run(session, command.processedArgs as (string | undefined)[], command.opts()));
  });
  return command;
}

export function group(program: Command, name: string, description: string): Command {
  return program.command(name).description(description);
}

export function parseWhole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

export function parseShare(text: string): number {
  const share = Number(text);
  if (!(share > 0 && share < 1)) throw new InvalidArgumentError("It must be a share between 0 and 1, for example 0.2.");
  return share;
}

/** Collects a repeated `--name a --name b`, and `--name a,b`. */
export function collect(text: string, previous: unknown): string[] {
  return [...((previous as string[] | undefined) ?? []), ...text.split(",").filter((part) => part !== "")];
}

/** Collects `--parameter name=value`; a value that is JSON becomes its value, other text stays text. */
export function collectPairs(text: string, previous: unknown): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must look like name=value.");
  return { ...(previous as Record<string, unknown> | undefined), [text.slice(0, at)]: looseJson(text.slice(at + 1)) };
}

/** JSON when the text is JSON, else the text itself. */
export function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Splits `name@version`. */
export function parseReference(text: string): { name: string; version: number } {
  const match = /^([a-z0-9][a-z0-9-]{0,63})@(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError(`"${text}" must be name@version, for example mail@1.`);
  return { name: match[1]!, version: Number(match[2]) };
}

/** The options every list takes. */
export const pageOptions: readonly VerbOption[] = [
  { flags: "--limit <n>", description: "at most this many", parse: parseWhole, default: 20 },
  { flags: "--cursor <cursor>", description: "go on where the last page ended" },
];

export function pageQuery(options: Record<string, unknown>): { limit: number; cursor?: string } {
  return { limit: options["limit"] as number, ...(options["cursor"] === undefined ? {} : { cursor: options["cursor"] as string }) };
}
