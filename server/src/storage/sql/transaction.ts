import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult as KyselyResult,
} from "kysely";
import { AppError } from "../../core/index.ts";
import type { SqlClient, Tx } from "../types.ts";
import { insideTransaction } from "./nesting.ts";

export interface TransactionClient extends SqlClient {
  /** Opens the transaction with one script: BEGIN, settings, role. */
  begin(script: string): Promise<void>;
  release(error?: unknown): void;
}

export interface TransactionInput {
  readonly script: string;
  readonly projectId: string;
  readonly principalId: string;
}

/** Milliseconds a callback may hold its transaction. Only SQL is awaited inside one. */
const holdLimitMs = 2000;

/** Runs a callback in one transaction: committed when it resolves, rolled back when it rejects or takes longer than 2 s. */
export async function runTransaction<T>(client: TransactionClient, input: TransactionInput, run: (tx: Tx) => Promise<T>): Promise<T> {
  let failure: unknown;
  try {
    await client.begin(input.script);
    const tx: Tx = { db: kyselyOver(client), client, projectId: input.projectId, principalId: input.principalId };
    const result = await withLimit(insideTransaction(() => run(tx)));
    await client.query("commit");
    return result;
  } catch (error) {
    failure = error;
    await client.query("rollback").catch(() => {
      // The connection is gone, and its transaction with it.
    });
    throw error;
  } finally {
    client.release(isConnectionLoss(failure) ? failure : undefined);
  }
}

async function withLimit<T>(running: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new AppError("transaction_too_long", `A transaction was held for more than ${holdLimitMs} ms and was rolled back.`)),
      holdLimitMs,
    );
  });
  try {
    return await Promise.race([running, limit]);
  } finally {
    clearTimeout(timer);
    // After the limit the callback may still fail on its closed transaction; that failure has no other reader.
    running.catch(() => {});
  }
}

/** True for a lost connection (SQLSTATE class 08, 57P01-03, or a socket error), false for an error of the statement. */
export function isConnectionLoss(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && (/^08|^57P0[123]/.test(code) || code === "ECONNRESET" || code === "ECONNREFUSED" || code === "EPIPE");
}

function kyselyOver(client: SqlClient): Kysely<Record<never, never>> {
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<KyselyResult<R>> {
      const { rows, rowCount } = await client.query<R>(query.sql, query.parameters);
      return { rows, numAffectedRows: BigInt(rowCount) };
    },
    async *streamQuery() {
      throw new AppError("internal", "Streaming a query is not supported inside a transaction; read in pages.");
    },
  };
  const driver: Driver = {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: () => Promise.reject(new AppError("nested_transaction")),
    commitTransaction: () => Promise.resolve(),
    rollbackTransaction: () => Promise.resolve(),
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
  return new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
