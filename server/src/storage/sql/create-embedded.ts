import type { Context, Logger } from "../../core/index.ts";
import type { PgPoolLike, QueryResult, Sql, SystemReason, Tx } from "../types.ts";
import { EmbeddedClient, EmbeddedPool } from "./embedded-pool.ts";
import { refuseNesting } from "./nesting.ts";
import { type TransactionClient, runTransaction } from "./transaction.ts";

export interface EmbeddedSql extends Sql {
  /** Ends the database thread as a crash would; for tests. */
  crash(): void;
}

/** The embedded store: PGlite in a thread. The folder's lock is taken by the caller. */
export async function createEmbeddedSql(deps: { folder: string; logger: Logger; watchdogMs?: number }): Promise<EmbeddedSql> {
  const pool = await EmbeddedPool.open(deps);

  function transactionClient(): TransactionClient {
    return new EmbeddedClient(pool) as unknown as TransactionClient;
  }

  function as<T>(context: Context, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.as");
    const script = `begin; set local role postgres; select set_config('millrace.project', ${literal(context.projectId)}, true), set_config('millrace.principal', ${literal(context.principalId)}, true); set local role millrace_app`;
    return runTransaction(transactionClient(), { script, projectId: context.projectId, principalId: context.principalId }, run);
  }

  function system<T>(reason: SystemReason, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.system");
    const principalId = `system:${reason}`;
    const script = `begin; set local role postgres; select set_config('millrace.principal', ${literal(principalId)}, true); set local role millrace_system`;
    return runTransaction(transactionClient(), { script, projectId: "", principalId }, run);
  }

  async function listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    const client = new EmbeddedClient(pool);
    client.on("notification", (message: { channel: string; payload: string }) => onNotify(message.payload));
    await client.query(`listen ${channel}`);
    return () => client.end();
  }

  const guarded: PgPoolLike = new Proxy(pool, {
    get(target, property) {
      if (property === "query" || property === "connect") refuseNesting("the owner's pool");
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as unknown as PgPoolLike;

  return {
    store: "embedded",
    as,
    system,
    owner: {
      pool: guarded,
      async query<R>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>> {
        refuseNesting("sql.owner");
        return (await pool.query(text, values)) as unknown as QueryResult<R>;
      },
    },
    listen,
    health: async () => {
      await pool.query("select 1");
    },
    close: () => pool.end(),
    crash: () => pool.crash(),
  };
}

/** A text literal; scripts of several statements cannot take parameters. */
function literal(text: string): string {
  return `'${text.replaceAll("\0", "").replaceAll("'", "''")}'`;
}
