import pg from "pg";
import { AppError, type Context, type Logger } from "../../core/index.ts";
import type { PgPoolLike, QueryResult, Sql, SystemReason, Tx } from "../types.ts";
import { refuseNesting } from "./nesting.ts";
import { isConnectionLoss, runTransaction } from "./transaction.ts";
import { typeParsers } from "./type-parsers.ts";

export interface PostgresOptions {
  readonly url: string;
  /** The schema of our tables; `public` unless told. */
  readonly schema?: string | undefined;
  readonly maxConnections?: number;
  readonly logger: Logger;
}

const connectTimeoutMs = 5000;

/** PostgreSQL 15 or newer. Refuses a login that row-level security does not bind (`unsafe_database_role`). */
export async function createPostgresSql(options: PostgresOptions): Promise<Sql> {
  const { logger } = options;
  const settings: pg.PoolConfig = {
    connectionString: options.url,
    types: typeParsers,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: "millrace",
    options: `-c timezone=UTC${options.schema === undefined ? "" : ` -c search_path=${options.schema}`}`,
  };
  const pool = new pg.Pool({ ...settings, max: options.maxConnections ?? 10 });
  // DBOS keeps connections for long waits; it gets a pool of its own, in session mode.
  const ownerPool = new pg.Pool({ ...settings, max: 10 });
  for (const each of [pool, ownerPool]) each.on("error", (error) => logger.warn({ err: error }, "an idle database connection was lost"));
  await checkLogin(pool);

  async function transaction<T>(script: string, who: { projectId: string; principalId: string }, run: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((cause: unknown) => {
      throw unavailable(cause);
    });
    // A connection that breaks while it is held emits an error; the statement under way rejects with it as well.
    const onError = (error: Error) => logger.warn({ err: error }, "a database connection was lost");
    client.on("error", onError);
    const release = (error?: unknown) => {
      client.off("error", onError);
      client.release(error !== undefined);
    };
    const begin = async (text: string) => {
      await client.query(text);
    };
    const query = async <R>(text: string, values?: readonly unknown[]) =>
      (await client.query(text, values as unknown[])) as unknown as QueryResult<R>;
    try {
      return await runTransaction({ query, begin, release }, { script, ...who }, run);
    } catch (error) {
      throw isConnectionLoss(error) ? unavailable(error) : error;
    }
  }

  function as<T>(context: Context, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.as");
    const script = `begin; select set_config('millrace.project', ${pg.escapeLiteral(context.projectId)}, true), set_config('millrace.principal', ${pg.escapeLiteral(context.principalId)}, true); set local role millrace_app`;
    return transaction(script, context, run);
  }

  function system<T>(reason: SystemReason, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.system");
    const principalId = `system:${reason}`;
    return transaction(
      `begin; select set_config('millrace.principal', '${principalId}', true); set local role millrace_system`,
      { projectId: "", principalId },
      run,
    );
  }

  async function query<R>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>> {
    refuseNesting("sql.owner");
    try {
      return (await pool.query(text, values as unknown[])) as unknown as QueryResult<R>;
    } catch (error) {
      throw isConnectionLoss(error) ? unavailable(error) : error;
    }
  }

  const guarded = new Proxy(ownerPool, {
    get(target, property) {
      if (property === "query" || property === "connect") refuseNesting("the owner's pool");
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as unknown as PgPoolLike;

  return {
    store: "postgres",
    as,
    system,
    owner: { query, pool: guarded },
    listen: (channel, onNotify) => listen({ settings, logger }, channel, onNotify),
    health: async () => {
      await query("select 1");
    },
    close: async () => {
      await Promise.all([pool.end(), ownerPool.end()]);
    },
  };
}

function unavailable(cause: unknown): AppError {
  return new AppError("database_unavailable", `The database cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

async function checkLogin(pool: pg.Pool): Promise<void> {
  const { rows } = await pool
    .query<{ name: string; unsafe: boolean; version: number }>(
      "select rolname as name, rolsuper or rolbypassrls as unsafe, current_setting('server_version_num')::int as version from pg_roles where rolname = current_user",
    )
    .catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const login = rows[0]!;
  if (login.version < 150000)
    throw new AppError("database_unavailable", `PostgreSQL 15 or newer is needed; this is ${Math.floor(login.version / 10000)}.`);
  if (login.unsafe) {
    throw new AppError(
      "unsafe_database_role",
      `The database login "${login.name}" is a superuser or has BYPASSRLS, so row-level security would not bind it. Create one: create role millrace login createrole.`,
    );
  }
}

/** LISTEN on a connection of its own, which is made again when it breaks. */
async function listen(
  deps: { settings: pg.PoolConfig; logger: Logger },
  channel: string,
  onNotify: (payload: string) => void,
): Promise<() => Promise<void>> {
  let stopped = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client(deps.settings);
    next.on("notification", (message) => onNotify(message.payload ?? ""));
    next.on("error", (error) => {
      deps.logger.warn({ err: error, channel }, "the listening connection was lost; connecting again");
      retry();
    });
    await next.connect();
    await next.query(`listen ${channel}`);
    client = next;
  }

  function retry(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      connect().catch(retry);
    }, 1000);
  }

  await connect();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await client?.end().catch(() => {
      // Broken already: there is nothing left to close.
    });
  };
}
