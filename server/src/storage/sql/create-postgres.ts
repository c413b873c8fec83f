import pg from "pg";
import { AppError, type Context, type Logger } from "../../core/index.ts";
import type { QueryResult, Sql, SystemReason, Tx } from "../types.ts";
import { checkLogin } from "./check-login.ts";
import { checkStatement } from "./check-statement.ts";
import { guardPool, transactionScript } from "./handles.ts";
import { listenOnPostgres } from "./listen-postgres.ts";
import { refuseNesting } from "./nesting.ts";
import { type TransactionClient, type TransactionInput, isConnectionLoss, runTransaction } from "./transaction.ts";
import { typeParsers } from "./type-parsers.ts";

export interface PostgresOptions {
  readonly url: string;
  /** The schema of our tables; `public` unless told. */
  readonly schema?: string | undefined;
  readonly maxConnections?: number;
  /** Milliseconds without an answer inside a transaction after which a connection is taken for dead and thrown away. */
  readonly deadAfterMs?: number;
  readonly logger: Logger;
}

const connectTimeoutMs = 5000;
const ownerConnections = 10;
/** A statement inside a transaction ends on the server soon after its callback's 2 s, even when nobody waits for it. */
const statementTimeoutMs = 2500;
const defaultDeadAfterMs = 10_000;

/** PostgreSQL 15 or newer. Refuses a login that row-level security does not bind (`unsafe_database_role`). */
export async function createPostgresSql(options: PostgresOptions): Promise<Sql> {
  const { logger, deadAfterMs = defaultDeadAfterMs } = options;
  const settings: pg.PoolConfig = {
    connectionString: options.url,
    types: typeParsers,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: "millrace",
    options: `-c timezone=UTC${options.schema === undefined ? "" : ` -c search_path=${options.schema}`}`,
  };
  const pool = new pg.Pool({
    ...settings,
    max: options.maxConnections ?? 10,
    query_timeout: deadAfterMs,
    idle_in_transaction_session_timeout: deadAfterMs,
  });
  // DBOS keeps connections for long waits, and migrations take their time: a pool of their own, in session mode.
  const ownerPool = new pg.Pool({ ...settings, max: ownerConnections });
  for (const each of [pool, ownerPool]) each.on("error", (error) => logger.warn({ err: error }, "an idle database connection was lost"));
  async function close(): Promise<void> {
    await Promise.all([pool.end(), ownerPool.end()]);
  }

  async function transaction<T>(input: TransactionInput, run: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await runTransaction(
        await borrow(pool, logger),
        { ...input, script: `${input.script}; set local statement_timeout = ${statementTimeoutMs}` },
        run,
      );
    } catch (error) {
      throw isConnectionLoss(error) ? unavailable(error) : error;
    }
  }

  async function as<T>(context: Context, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.as");
    const { projectId, principalId } = context;
    return transaction(
      { script: transactionScript("millrace_app", { projectId, principalId }), projectId, principalId, check: checkStatement },
      run,
    );
  }

  async function system<T>(reason: SystemReason, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.system");
    const who = { projectId: "", principalId: `system:${reason}` };
    return transaction({ script: transactionScript("millrace_system", who), ...who }, run);
  }

  async function query<R>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>> {
    refuseNesting("sql.owner");
    try {
      return (await ownerPool.query(text, values as unknown[])) as unknown as QueryResult<R>;
    } catch (error) {
      throw isConnectionLoss(error) ? unavailable(error) : error;
    }
  }

  try {
    await checkLogin({ query });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    store: "postgres",
    as,
    system,
    owner: { query, pool: guardPool(ownerPool) },
    listen: (channel, onNotify) => listenOnPostgres({ settings, logger }, channel, onNotify),
    health: async () => {
      await query("select 1");
    },
    close,
  };
}

async function borrow(pool: pg.Pool, logger: Logger): Promise<TransactionClient> {
  const client = await pool.connect();
  // A connection that breaks while it is held emits an error; the statement under way rejects with it as well.
  function onError(error: Error): void {
    logger.warn({ err: error }, "a database connection was lost");
  }
  client.on("error", onError);
  return {
    async script(text) {
      const results: unknown = await client.query(text);
      return (Array.isArray(results) ? results.at(-1) : results) as { command: string };
    },
    async statement<R>(text: string, values: readonly unknown[]) {
      const config = { text, values: [...values], queryMode: "extended" };
      return (await client.query(config)) as unknown as QueryResult<R>;
    },
    release(broken) {
      client.off("error", onError);
      client.release(broken);
    },
  };
}

function unavailable(cause: unknown): AppError {
  return new AppError("database_unavailable", `The database cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
