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
import type { QueryResult, SqlClient, Tx } from "../types.ts";
import { insideTransaction } from "./nesting.ts";

/** A borrowed connection. `script` may hold several statements; `statement` exactly one, whatever the text says. */
export interface TransactionClient {
  script(text: string): Promise<{ command: string }>;
  statement<R>(text: string, values: readonly unknown[]): Promise<QueryResult<R>>;
  /** Gives the connection back; a broken one is thrown away. */
  release(broken: boolean): void;
}

export interface TransactionInput {
  /** BEGIN, settings, role: one round trip. */
  readonly script: string;
  readonly projectId: string;
  readonly principalId: string;
  /** Throws for a statement that may not run here. */
  readonly check?: (text: string) => void;
}

/** Milliseconds a callback may hold its transaction. Only SQL is awaited inside one. */
const holdLimitMs = 2000;

/** Runs a callback in one transaction: committed when it resolves, rolled back when it rejects or takes longer than 2 s. */
export async function runTransaction<T>(connection: TransactionClient, input: TransactionInput, run: (tx: Tx) => Promise<T>): Promise<T> {
  const gate = createGate(connection, input.check);
  try {
    await connection.script(input.script);
    const tx: Tx = { db: kyselyOver(gate.client), client: gate.client, projectId: input.projectId, principalId: input.principalId };
    const result = await withLimit(insideTransaction(() => run(tx)));
    gate.close();
    const { command } = await connection.script("commit");
    // COMMIT of a transaction in which a statement failed answers ROLLBACK and no error.
    if (command === "ROLLBACK")
      throw new AppError("internal", "A statement failed in this transaction and its error was not passed on; nothing was committed.");
    connection.release(false);
    return result;
  } catch (error) {
    gate.close();
    await undo(connection, error);
    throw error;
  }
}

async function undo(connection: TransactionClient, error: unknown): Promise<void> {
  if (isConnectionLoss(error)) return connection.release(true);
  try {
    await connection.script("rollback");
    connection.release(false);
  } catch {
    // The connection is gone, and its transaction with it.
    connection.release(true);
  }
}

/** A client that works until it is closed: a callback that goes on after its transaction ended reaches nothing. */
function createGate(connection: TransactionClient, check: ((text: string) => void) | undefined): { client: SqlClient; close(): void } {
  let open = true;
  return {
    client: {
      async query<R>(text: string, values: readonly unknown[] = []) {
        if (!open) throw new AppError("transaction_too_long", "This transaction has ended; its callback may not use it any more.");
        check?.(text);
        return connection.statement<R>(text, values);
      },
    },
    close() {
      open = false;
    },
  };
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
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string")
    return /^08|^57P0[1-5]/.test(code) || ["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"].includes(code);
  // `pg` has no code for these.
  return (
    typeof message === "string" &&
    /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded when trying to connect)/.test(
      message,
    )
  );
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
