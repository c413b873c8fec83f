import type { Context } from "../../core/index.ts";
import type { QueryResult, Sql, SystemReason, Tx } from "../types.ts";
import { checkStatement } from "./check-statement.ts";
import { EmbeddedClient } from "./embedded-client.ts";
import { EmbeddedPool, type EmbeddedPoolOptions } from "./embedded-pool.ts";
import { refuseNesting } from "./nesting.ts";
import { guardPool, transactionScript } from "./handles.ts";
import { type TransactionClient, runTransaction } from "./transaction.ts";

export interface EmbeddedSql extends Sql {
  /** Ends the database thread as a crash would; for tests. */
  crash(): Promise<void>;
}

/** The embedded store: PGlite in a thread. The folder's lock is taken by the caller. */
export async function createEmbeddedSql(options: EmbeddedPoolOptions): Promise<EmbeddedSql> {
  const pool = new EmbeddedPool(options);
  await pool.open();

  async function as<T>(context: Context, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.as");
    const { projectId, principalId } = context;
    return await runTransaction(
      borrow(pool),
      { script: transactionScript("millrace_app", { projectId, principalId }), projectId, principalId, check: checkStatement },
      run,
    );
  }

  async function system<T>(reason: SystemReason, run: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNesting("sql.system");
    const who = { projectId: "", principalId: `system:${reason}` };
    return runTransaction(borrow(pool), { script: transactionScript("millrace_system", who), ...who }, run);
  }

  async function query<R>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>> {
    refuseNesting("sql.owner");
    return (await pool.query(text, values)) as unknown as QueryResult<R>;
  }

  return {
    store: "embedded",
    as,
    system,
    owner: { query, pool: guardPool(pool) },
    async listen(channel, onNotify) {
      refuseNesting("sql.listen");
      const client = new EmbeddedClient(pool);
      client.on("notification", (message: { payload: string }) => onNotify(message.payload));
      await client.query(`listen "${channel}"`);
      return () => client.end();
    },
    async health() {
      await query("select 1");
    },
    close: () => pool.end(),
    crash: () => pool.thread.kill(),
  };
}

function borrow(pool: EmbeddedPool): TransactionClient {
  const client = new EmbeddedClient(pool);
  return {
    script: (text) => client.query(text)!,
    statement: async <R>(text: string, values: readonly unknown[]) =>
      (await client.query({ text, values, queryMode: "extended" })) as unknown as QueryResult<R>,
    release: () => client.release(),
  };
}
