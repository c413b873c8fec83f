import type { Client } from "@millrace/sdk";
import type { ApplyFunctionsInput, ApplyFunctionsReport, ChooseOptions, ChosenRow, ScoreOptions, ScoreReport } from "../data/index.ts";

/** The process the CLI talks to its reader through; injected, so tests see what a person sees. */
export interface Terminal {
  /** Results: what a person asked for, or a program reads. */
  out(text: string): void;
  /** Progress, hints and errors. */
  error(text: string): void;
  readonly columns: number;
  /** True when `out` goes to a person: colours, cut columns. */
  readonly isTerminal: boolean;
  /** True when `error` goes to a person: progress may redraw its line. */
  readonly isErrorTerminal: boolean;
  readonly colours: boolean;
  /** Everything on standard input, as text. */
  readInput(): Promise<string>;
}

export interface StartOptions {
  /** `up` does everything; `serve` answers requests, `work` runs jobs (both need PostgreSQL). */
  readonly role: "up" | "serve" | "work";
  readonly dataFolder: string;
  readonly configPath?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** A changed configuration file takes over by itself, as on SIGHUP. */
  readonly watch?: boolean | undefined;
}

/** A started program. */
export interface RunningApp {
  readonly url: string;
  /** The one-time admin sign-in address; null when there is nobody new to sign in. */
  readonly adminLink: string | null;
  /** Drains and stops. */
  close(): Promise<void>;
  /** Ends at once what runs on its behalf in another process. */
  kill(): void;
  /** Settles when it has stopped, by `close` or by itself, with the exit code. */
  readonly stopped: Promise<number>;
}

export interface DemoOptions {
  readonly dataFolder?: string | undefined;
  readonly port?: number | undefined;
  /** Stop after one turn of the loop. */
  readonly once: boolean;
  readonly json: boolean;
}

export interface DataFolderOptions {
  readonly dataFolder: string;
  readonly configPath?: string | undefined;
}

/** What needs the program itself rather than its API; the composition root passes them in. */
export interface CliDeps {
  startApp(options: StartOptions): Promise<RunningApp>;
  /** Answers the exit code. */
  runDemo(options: DemoOptions): Promise<number>;
  migrate(options: DataFolderOptions): Promise<{ applied: readonly string[]; store: string }>;
  restore(options: DataFolderOptions & { readonly from: string }): Promise<{ files: number; rows: number; seconds: number }>;
  /** Reads a file of predictions here, without a server. */
  scorePredictions(file: string, options: ScoreOptions): Promise<ScoreReport>;
  /** The same for rows that wait for a label. */
  chooseRows(file: string, options: ChooseOptions): Promise<ChosenRow[]>;
  /** The same for labelling functions. */
  applyFunctions(input: ApplyFunctionsInput): Promise<ApplyFunctionsReport>;
  readonly version: string;
  readonly terminal?: Terminal;
  /** Makes the client; tests pass their own. */
  readonly connect?: (options: { url: string; key: string | undefined }) => Client;
}

export interface Cli {
  /** Runs one command line (without `node` and the file) and answers the exit code. It never throws and never exits the process. */
  run(args: readonly string[]): Promise<number>;
}
