import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { instantText } from "./type-parsers.ts";

/** What the pool asks of the thread: one script (several statements) or one statement with values. */
export interface HostRequest {
  readonly id: number;
  readonly script?: string;
  readonly text?: string;
  readonly values?: readonly unknown[];
  readonly close?: boolean;
  /** Tests only: ends the thread as a crash would. */
  readonly crash?: boolean;
}

export interface HostResult {
  readonly rows: unknown[];
  readonly rowCount: number;
  readonly command: string;
  readonly fields: { name: string; dataTypeID: number }[];
}

export type HostMessage =
  | { readonly ready: true; readonly extensions: string[] }
  | { readonly failed: string }
  | { readonly channel: string; readonly payload: string }
  | { readonly id: number; readonly result: HostResult }
  | { readonly id: number; readonly error: Record<string, unknown> };

const port = parentPort!;
const errorFields = [
  "message",
  "code",
  "severity",
  "detail",
  "hint",
  "position",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "routine",
];

async function loadExtensions(): Promise<Record<string, never>> {
  try {
    const { vector } = await import("@electric-sql/pglite-pgvector");
    return { vector } as never;
  } catch {
    // The package is optional: without it vectors are searched exactly, in memory.
    return {};
  }
}

async function open(): Promise<PGlite> {
  const extensions = await loadExtensions();
  const keepText = (text: string) => text;
  const parsers = { 20: keepText, 1700: keepText, 1082: keepText, 1114: instantText, 1184: instantText };
  const database = await PGlite.create({ dataDir: (workerData as { folder: string }).folder, extensions, parsers });
  // From here on a statement that forgets its handle runs as a role that may see no row.
  await database.exec(`
    do $$ begin create role millrace_app nologin; exception when duplicate_object then null; end $$;
    do $$ begin create role millrace_system nologin; exception when duplicate_object then null; end $$;
    revoke execute on function set_config(text, text, boolean) from public;
    set timezone = 'UTC';
    set role millrace_app`);
  database.onNotification((channel, payload) => port.postMessage({ channel, payload } satisfies HostMessage));
  port.postMessage({ ready: true, extensions: Object.keys(extensions) } satisfies HostMessage);
  return database;
}

async function answer(database: PGlite, request: HostRequest): Promise<HostResult> {
  if (request.close === true) {
    await database.close();
    return { rows: [], rowCount: 0, command: "", fields: [] };
  }
  if (request.crash === true) process.exit(9);
  if (request.script !== undefined) {
    const results = await database.exec(request.script);
    return toResult(results.at(-1));
  }
  return toResult(await database.query(request.text!, [...(request.values ?? [])]));
}

type Results = Awaited<ReturnType<PGlite["query"]>>;

function toResult(results: Results | undefined): HostResult {
  if (results === undefined) return { rows: [], rowCount: 0, command: "", fields: [] };
  const { rows, fields, affectedRows } = results;
  return {
    rows,
    fields,
    rowCount: affectedRows === undefined || affectedRows === 0 ? rows.length : affectedRows,
    command: (results as { command?: string }).command ?? "",
  };
}

function toPlainError(error: unknown): Record<string, unknown> {
  const from = error as Record<string, unknown>;
  return Object.fromEntries(errorFields.filter((field) => from[field] !== undefined).map((field) => [field, from[field]]));
}

try {
  const database = await open();
  let chain = Promise.resolve();
  port.on("message", (request: HostRequest) => {
    chain = chain.then(async () => {
      try {
        port.postMessage({ id: request.id, result: await answer(database, request) } satisfies HostMessage);
      } catch (error) {
        port.postMessage({ id: request.id, error: toPlainError(error) } satisfies HostMessage);
      }
    });
  });
} catch (error) {
  port.postMessage({ failed: error instanceof Error ? error.message : String(error) } satisfies HostMessage);
}
