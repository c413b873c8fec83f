import type { Command } from "commander";
import { startProgress } from "../progress.ts";
import type { Session } from "../session.ts";
import type { RunningApp, StartOptions } from "../types.ts";
import { facts } from "./show.ts";
import { type Registrar, type VerbOption, addVerb, parseWhole } from "./verb.ts";

const startOptions: readonly VerbOption[] = [
  { flags: "--config <file>", description: "the configuration file (default: millrace.config.ts)" },
  { flags: "--host <host>", description: "the address to listen on" },
  { flags: "--port <port>", description: "the port to listen on", parse: parseWhole },
  { flags: "--watch", description: "take over a changed configuration by itself, as SIGHUP does" },
];

const roles: readonly [StartOptions["role"], string][] = [
  ["up", "start everything in one process: requests, jobs, the embedded database"],
  ["serve", "start a node that answers requests (needs PostgreSQL)"],
  ["work", "start a node that runs jobs (needs PostgreSQL)"],
];

/** Commands that start the program itself; the rest only talk to one that runs. */
export function addProcesses(program: Command, registrar: Registrar): void {
  for (const [role, description] of roles) {
    addVerb(program, registrar, {
      usage: role,
      description,
      options: startOptions,
      run: async (session, _args, options) => {
        const progress = startProgress(session.terminal, "starting");
        let app: RunningApp;
        try {
          app = await registrar.cli.startApp({
            role,
            dataFolder: session.dataFolder,
            configPath: options["config"] as string | undefined,
            host: options["host"] as string | undefined,
            port: options["port"] as number | undefined,
            watch: options["watch"] === true,
          });
        } finally {
          progress.end();
        }
        const stopped = untilStopped(session, app);
        // Whoever reads that it is up may stop it at once.
        announce(session, app, role);
        return stopped;
      },
    });
  }
  addVerb(program, registrar, {
    usage: "demo",
    description: "run one turn of the loop on real mail, then stay up",
    options: [
      { flags: "--once", description: "stop after the turn" },
      { flags: "--port <port>", description: "the port to listen on", parse: parseWhole },
    ],
    run: (session, _args, options) =>
      registrar.cli.runDemo({ once: options["once"] === true, json: session.json, port: options["port"] as number | undefined }),
  });
}

function announce(session: Session, app: RunningApp, role: StartOptions["role"]): void {
  session.show({ url: app.url, adminLink: app.adminLink }, () =>
    [
      `${session.palette.good("Millrace is up")}  ${session.palette.dim(role)}`,
      facts(session, [
        ["address", session.palette.strong(app.url)],
        ...(app.adminLink === null
          ? []
          : [["sign in", `${session.palette.strong(app.adminLink)} (works once; another: millrace governance link)`] as const]),
        ["data", session.dataFolder],
      ]),
    ].join("\n"),
  );
  session.hint("Ctrl-C stops it; requests in flight end first.");
}

/** The first signal drains and stops; a second one ends the process the hard way, and what runs for it. */
async function untilStopped(session: Session, app: RunningApp): Promise<number> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  let stopping = false;
  function stop(signal: NodeJS.Signals): void {
    if (stopping) {
      app.kill();
      for (const each of signals) process.off(each, stop);
      process.kill(process.pid, signal);
      return;
    }
    stopping = true;
    session.hint("stopping");
    void app.close();
  }
  for (const signal of signals) process.on(signal, stop);
  const code = await app.stopped;
  for (const signal of signals) process.off(signal, stop);
  return code;
}
