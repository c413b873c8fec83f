import type { Kysely } from "kysely";
import type { Context } from "../core/index.ts";

/** What a query answers, the same on both stores. Integers beyond 32 bits and numerics are text, instants ISO 8601 text. */
export interface QueryResult<R = Record<string, unknown>> {
  readonly rows: R[];
  readonly rowCount: number;
}

/** A connection shaped like `pg`'s `ClientBase`; DBOS's `enqueueInTransaction` takes it. */
export interface SqlClient {
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>>;
}

/** A pool shaped like `pg.Pool`: what DBOS is given as `systemDatabasePool`. */
export interface PgPoolLike {
  connect(): Promise<SqlClient & { release(error?: unknown): void }>;
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>>;
  end(): Promise<void>;
}

/** An open transaction. Only SQL is awaited inside it. */
export interface Tx {
  /** Repositories type their own tables: `tx.db.withTables<{ data_datasets: DatasetRow }>()`. */
  readonly db: Kysely<Record<never, never>>;
  readonly client: SqlClient;
  readonly projectId: string;
  readonly principalId: string;
}

/** Why our own work needs to see every project. A closed list. */
export type SystemReason =
  | "drain"
  | "reconciliation"
  | "hot-state"
  | "sequencer"
  | "heartbeat"
  | "recovery"
  | "retention"
  | "backup"
  | "sign-in"
  | "maintenance";

export interface Sql {
  readonly store: "embedded" | "postgres";
  /** One transaction as this principal in this project; row-level security is in force. */
  as<T>(context: Context, run: (tx: Tx) => Promise<T>): Promise<T>;
  /** One transaction that sees every project. */
  system<T>(reason: SystemReason, run: (tx: Tx) => Promise<T>): Promise<T>;
  /** Migrations, partitions and DBOS. Sees no protected row. */
  readonly owner: {
    query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>>;
    readonly pool: PgPoolLike;
  };
  /** Calls back for each NOTIFY; answers how to stop. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /** Resolves when the database answers; `database_unavailable` otherwise. */
  health(): Promise<void>;
  close(): Promise<void>;
}

/** What is kept in memory of the database (keys, switches, arms), and how old it is. */
export interface HotState {
  /** Called once at start and again whenever a watched table changed; a failed load keeps what was there. */
  register(name: string, load: (tx: Tx) => Promise<void>): void;
  start(): Promise<void>;
  /** Loads now what has changed. */
  refresh(): Promise<void>;
  /** Milliseconds since the database last answered. */
  ageMs(): number;
  version(): bigint;
  /** Throws `state_stale` past the age this node may serve at. */
  assertFresh(): void;
  close(): Promise<void>;
}
