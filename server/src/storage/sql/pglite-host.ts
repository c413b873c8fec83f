import { parentPort, workerData } from "node:worker_threads";
import { type Extensions, PGlite, type Results } from "@electric-sql/pglite";
import { lowerPriority } from "./lower-priority.ts";
import { parserOf } from "./type-parsers.ts";

/** What the pool asks of the thread: one script (several statements), or one statement with or without values. */
export interface HostRequest {
  readonly id: number;
  readonly script?: string;
  readonly text?: string;
  readonly values?: readonly (string | Uint8Array | null)[];
  readonly close?: boolean;
}

export interface HostResult {
  readonly rows: unknown[];
  readonly rowCount: number;
  readonly command: string;
  readonly fields: { name: string; dataTypeID: number }[];
}

export type HostMessage =
  | { readonly ready: true }
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

/*
 * PGlite's session is a superuser's, whom no row-level security binds. So nothing runs as it: the folder is made once with
 * an owner like the login on PostgreSQL (no superuser, owner of the database, may become the two roles but inherits nothing
 * of them), and the session becomes that owner before the first statement. Here set_config can be taken from everybody,
 * so that no expression inside a query can change the project it runs for.
 */
const firstStart = `
  create role millrace_owner nosuperuser noinherit;
  create role millrace_app nologin;
  create role millrace_system nologin;
  grant millrace_app, millrace_system to millrace_owner with inherit false;
  alter database postgres owner to millrace_owner;
  revoke execute on function set_config(text, text, boolean) from public;
  revoke temporary on database postgres from public;
  grant pg_maintain, pg_checkpoint to millrace_owner with inherit true`;

async function loadExtensions(): Promise<Extensions> {
  try {
    const { vector } = await import("@electric-sql/pglite-pgvector");
    return { vector };
  } catch {
    // The package is optional: without it vectors are searched exactly, in memory.
    return {};
  }
}

async function open(): Promise<PGlite> {
  const extensions = await loadExtensions();
  const database = await PGlite.create({ dataDir: (workerData as { folder: string }).folder, extensions });
  const { rows } = await database.query("select 1 from pg_roles where rolname = 'millrace_owner'");
  if (rows.length === 0) await database.exec(`begin; ${firstStart}; commit`);
  if ("vector" in extensions) await database.exec("create extension if not exists vector");
  await setFormats(database);
  // ANALYZE samples 300 rows for each step of the target: 10 keeps it under 20 ms on a large table (100: 200 ms).
  await database.exec("set timezone = 'UTC'; set default_statistics_target = 10; set session authorization millrace_owner");
  database.onNotification((channel, payload) => port.postMessage({ channel, payload } satisfies HostMessage));
  return database;
}

/**
 * Values are read and written as `pg` does it, so that both stores agree on every type. Set once and not given with each
 * statement: PGlite copies what it is given, hundreds of entries, every time.
 */
async function setFormats(database: PGlite): Promise<void> {
  const { rows } = await database.query<{ oid: number }>("select oid::int as oid from pg_type");
  for (const { oid } of rows) {
    database.parsers[oid] = parserOf(oid);
    database.serializers[oid] = toText;
  }
}

function toText(value: string | Uint8Array): string {
  return typeof value === "string" ? value : `\\x${Buffer.from(value).toString("hex")}`;
}

async function answer(database: PGlite, request: HostRequest): Promise<HostResult> {
  if (request.close === true) {
    await database.close();
    return toResult(undefined);
  }
  if (request.script !== undefined) return toResult((await database.exec(request.script)).at(-1));
  return toResult(await database.query(request.text!, [...(request.values ?? [])]));
}

function toResult(results: Results | undefined): HostResult {
  if (results === undefined) return { rows: [], rowCount: 0, command: "", fields: [] };
  const { rows, fields, rowCount, command } = results;
  return { rows, fields, rowCount: rowCount ?? 0, command: command ?? "" };
}

function toPlainError(error: unknown): Record<string, unknown> {
  const from = error as Record<string, unknown>;
  return Object.fromEntries(errorFields.filter((field) => from[field] !== undefined).map((field) => [field, from[field]]));
}

async function serve(database: PGlite, request: HostRequest): Promise<void> {
  try {
    port.postMessage({ id: request.id, result: await answer(database, request) } satisfies HostMessage);
  } catch (error) {
    port.postMessage({ id: request.id, error: toPlainError(error) } satisfies HostMessage);
  }
}

try {
  const database = await open();
  let last = Promise.resolve();
  port.on("message", (request: HostRequest) => {
    last = last.then(() => serve(database, request));
  });
  lowerPriority();
  port.postMessage({ ready: true } satisfies HostMessage);
} catch (error) {
  port.postMessage({ failed: error instanceof Error ? error.message : String(error) } satisfies HostMessage);
}
