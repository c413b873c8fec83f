import { Command, CommanderError, InvalidArgumentError } from "commander";
import { addCommands } from "./commands/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";
import { type GlobalOptions, defaultUrl, openSession } from "./session.ts";
import { createTerminal } from "./terminal.ts";
import type { Cli, CliDeps } from "./types.ts";

/** Makes the command line. A new commander tree is built for each run: commander keeps the last run's options. */
export function createCli(deps: CliDeps): Cli {
  const terminal = deps.terminal ?? createTerminal();

  async function run(args: readonly string[]): Promise<number> {
    let exit: number = exitCodes.ok;
    let current = "millrace";
    let options: GlobalOptions = { data: "./data" };
    const program = new Command("millrace")
      .description("Runs AI features in production and makes them better while they run.")
      .version(deps.version, "-v, --version", "print the version")
      .option("--json", "print the result as one line of JSON")
      .option("--url <url>", `the server (default: $MILLRACE_URL or ${defaultUrl})`)
      .option("--key <key>", "the key (default: $MILLRACE_KEY or <data>/admin.key)")
      .option("--data <folder>", "the data folder", "./data")
      .helpOption("-h, --help", "show help")
      .helpCommand(false)
      .showSuggestionAfterError(true)
      .showHelpAfterError("to do  add --help to see how it is called")
      .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
      .exitOverride()
      .configureOutput({
        writeOut: (text) => terminal.out(text.trimEnd()),
        writeErr: (text) => terminal.error(text),
        outputError: (text, write) => write(text.replace(/^error: /, "error  ")),
        getOutHelpWidth: () => (terminal.isTerminal ? terminal.columns : 100),
        getErrHelpWidth: () => (terminal.isTerminal ? terminal.columns : 100),
      });
    addCommands(program, {
      cli: deps,
      terminal,
      run: async (command, handler) => {
        current = nameOf(command);
        options = command.optsWithGlobals<GlobalOptions>();
        const session = openSession({ cli: deps, terminal }, options);
        exit = (await handler(session)) ?? exitCodes.ok;
      },
    });
    program.addHelpText(
      "after",
      "\nEvery command takes --json, --url, --key and --data. Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 unavailable.",
    );
    try {
      await program.parseAsync([...args], { from: "user" });
      return exit;
    } catch (error) {
      if (error instanceof InvalidArgumentError) {
        // Thrown by a command; those of the parser itself were printed by it already.
        terminal.error(`error  ${error.message}\nto do  ${current} --help\n`);
        return exitCodes.usage;
      }
      if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      return reportError(error, { terminal, command: current, options, url: options.url ?? defaultUrl });
    }
  }

  return { run };
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}
