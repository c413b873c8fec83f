import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation, OperationInput, OperationResponse, WorkflowDetail } from "@millrace/contract";
import { type CallOptions, type Client, MillraceError, createClient, waitForWorkflow } from "@millrace/sdk";
import { AppError, readEnvironment } from "../core/index.ts";
import { type Progress, startProgress } from "./progress.ts";
import { type Palette, paletteOf } from "./terminal.ts";
import type { CliDeps, Terminal } from "./types.ts";

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
}

const watchPauseMs = 500;
export const defaultUrl = "http://127.0.0.1:7070";

/** What every command gets: the API, with progress for what takes longer than a second, and one way to show a result. */
export interface Session {
  readonly terminal: Terminal;
  readonly palette: Palette;
  /** Columns to fit into; Infinity in a pipe, where nothing is cut. */
  readonly columns: number;
  readonly json: boolean;
  readonly url: string;
  readonly dataFolder: string;
  call<O extends Operation>(operation: O, input: OperationInput<O>, options?: CallOptions): Promise<OperationResponse<O>>;
  /** Waits for a workflow with its steps as progress, or what `look` answers after each; `task_failed` when it did not succeed. */
  follow(workflowId: string, doing: string, look?: (client: Client) => Promise<string | null>): Promise<WorkflowDetail>;
  /** Looks twice a second until there is an end; what it says meanwhile is shown as progress. */
  watch<T>(doing: string, look: (client: Client) => Promise<{ readonly said: string } | { readonly end: T }>): Promise<T>;
  /** Prints `value` as JSON with `--json`, else the page made for people. */
  show(value: unknown, page: () => string): void;
  /** One dim line on standard error for people: what to do next. Silent with `--json`. */
  hint(text: string): void;
}

export function openSession(deps: { cli: CliDeps; terminal: Terminal }, options: GlobalOptions): Session {
  const { terminal } = deps;
  const palette = paletteOf(terminal);
  const url = options.url ?? readEnvironment("MILLRACE_URL") ?? defaultUrl;
  let client: Client | undefined;

  function connected(): Client {
    client ??= (deps.cli.connect ?? createClient)({ url, key: findKey(options) });
    return client;
  }

  async function withProgress<T>(doing: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    const progress = startProgress(terminal, doing);
    try {
      return await work(progress);
    } finally {
      progress.end();
    }
  }

  function call<O extends Operation>(operation: O, input: OperationInput<O>, callOptions?: CallOptions): Promise<OperationResponse<O>> {
    return withProgress(`waiting for ${url}`, () => connected().call(operation, input, callOptions));
  }

  async function follow(workflowId: string, doing: string, look?: (client: Client) => Promise<string | null>): Promise<WorkflowDetail> {
    const workflow = await withProgress(doing, (progress) =>
      waitForWorkflow(connected(), workflowId, {
        onStatus: async (status) => {
          const seen = (await look?.(connected())) ?? status.steps.at(-1)?.name ?? status.status;
          progress.say(`${doing}: ${seen}`);
        },
      }),
    );
    if (workflow.status === "succeeded") return workflow;
    throw new AppError(
      "task_failed",
      `The workflow ${workflowId} ended as "${workflow.status}"${workflow.error === null ? "" : `: ${workflow.error}`}.`,
      {
        details: { workflowId, status: workflow.status },
      },
    );
  }

  function watch<T>(doing: string, look: (client: Client) => Promise<{ readonly said: string } | { readonly end: T }>): Promise<T> {
    return withProgress(doing, async (progress) => {
      for (;;) {
        const seen = await look(connected());
        if ("end" in seen) return seen.end;
        progress.say(`${doing}: ${seen.said}`);
        await new Promise((resolve) => setTimeout(resolve, watchPauseMs));
      }
    });
  }

  return {
    terminal,
    palette,
    columns: terminal.isTerminal ? terminal.columns : Number.POSITIVE_INFINITY,
    json: options.json === true,
    url,
    dataFolder: options.data,
    call,
    follow,
    watch,
    show: (value, page) => terminal.out(options.json === true ? JSON.stringify(value) : page()),
    hint: (text) => {
      if (options.json !== true) terminal.error(`${palette.dim(text)}\n`);
    },
  };
}

/** `--key`, `MILLRACE_KEY`, or the key the server wrote into its data folder. */
function findKey(options: GlobalOptions): string | undefined {
  const given = options.key ?? readEnvironment("MILLRACE_KEY");
  if (given !== undefined && given !== "") return given;
  const path = join(options.data, "admin.key");
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new AppError(
      "unauthenticated",
      `The key file ${path} cannot be read: it belongs to the user the server runs as. Pass --key, or run this as that user.`,
      { cause },
    );
  }
}

/** True when a call failed because no key was at hand. */
export function lacksKey(error: unknown, options: GlobalOptions): boolean {
  return error instanceof MillraceError && error.status === 401 && findKey(options) === undefined;
}
