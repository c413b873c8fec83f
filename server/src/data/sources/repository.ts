import type { SourceRead } from "@millrace/contract";
import type { Tx } from "../../storage/index.ts";
import type { CellType, Cursor, PushedRow } from "./types.ts";

/** How far a source was read. */
export interface SourceState {
  readonly source: string;
  readonly revision: number;
  /** Rows pushed to it since the beginning: the position of the last. */
  readonly received: number;
  readonly cursor: Cursor;
  readonly known: Readonly<Record<string, CellType>>;
  readonly rows: number;
  readonly lastRead: SourceRead | null;
  readonly lastReadAt: string | null;
}

type StateRow = {
  project_id: string;
  source: string;
  revision: number;
  received: number;
  cursor: Cursor;
  known: Record<string, CellType> | null;
  rows: number;
  last_read: SourceRead | null;
  last_read_at: string | null;
};
type BatchRow = { project_id: string; source: string; batch: string; hash: string; taken: number; repeated: number };
type PushedRowRow = { project_id: string; source: string; position: number; key: string | null; row: string | null };
type Tables = { data_sources_state: StateRow; data_source_batches: BatchRow; data_source_rows: PushedRowRow };

function database(tx: Tx) {
  return tx.db.withTables<Tables>();
}

export async function listStates(tx: Tx): Promise<SourceState[]> {
  const rows = await database(tx).selectFrom("data_sources_state").selectAll().where("project_id", "=", tx.projectId).execute();
  return rows.map(toState);
}

export async function findState(tx: Tx, source: string): Promise<SourceState> {
  const row = await database(tx)
    .selectFrom("data_sources_state")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .executeTakeFirst();
  return row === undefined
    ? { source, revision: 0, received: 0, cursor: null, known: {}, rows: 0, lastRead: null, lastReadAt: null }
    : toState(row);
}

/** Holds the source until the transaction ends. */
export async function lockState(tx: Tx, source: string): Promise<SourceState> {
  await database(tx)
    .insertInto("data_sources_state")
    .values({ project_id: tx.projectId, source } as StateRow)
    .onConflict((conflict) => conflict.columns(["project_id", "source"]).doNothing())
    .execute();
  const row = await database(tx)
    .selectFrom("data_sources_state")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return toState(row);
}

export async function saveRead(tx: Tx, state: SourceState): Promise<void> {
  await database(tx)
    .updateTable("data_sources_state")
    .set({
      revision: state.revision,
      // The driver would write a list or an object in its own syntax.
      cursor: JSON.stringify(state.cursor),
      known: JSON.stringify(state.known) as never,
      rows: state.rows,
      last_read: JSON.stringify(state.lastRead) as never,
      last_read_at: state.lastReadAt,
    })
    .where("project_id", "=", tx.projectId)
    .where("source", "=", state.source)
    .execute();
}

export async function saveReceived(tx: Tx, source: string, received: number): Promise<void> {
  await database(tx)
    .updateTable("data_sources_state")
    .set({ received })
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .execute();
}

export type Batch = Omit<BatchRow, "project_id">;

export async function findBatch(tx: Tx, source: string, batch: string): Promise<Batch | undefined> {
  return database(tx)
    .selectFrom("data_source_batches")
    .select(["source", "batch", "hash", "taken", "repeated"])
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .where("batch", "=", batch)
    .executeTakeFirst();
}

export async function insertBatch(tx: Tx, batch: Batch): Promise<void> {
  await database(tx)
    .insertInto("data_source_batches")
    .values({ project_id: tx.projectId, ...batch })
    .execute();
}

export async function findKeys(tx: Tx, source: string, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const rows = await database(tx)
    .selectFrom("data_source_rows")
    .select("key")
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .where("key", "in", [...keys])
    .execute();
  return new Set(rows.map(({ key }) => key!));
}

export async function insertRows(
  tx: Tx,
  source: string,
  rows: readonly { position: number; key: string | null; row: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  await database(tx)
    .insertInto("data_source_rows")
    .values(rows.map((row) => ({ project_id: tx.projectId, source, ...row })))
    .execute();
}

/** In the order they came. */
export async function listRows(tx: Tx, source: string, { after, limit }: { after: number; limit: number }): Promise<PushedRow[]> {
  const rows = await database(tx)
    .selectFrom("data_source_rows")
    .select(["position", "row"])
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .where("position", ">", after)
    .where("row", "is not", null)
    .orderBy("position")
    .limit(limit)
    .execute();
  return rows.map(({ position, row }) => ({ position: Number(position), row: row! }));
}

/** Drops the text of at most `limit` rows up to a position; answers how many had one. */
export async function forgetRows(tx: Tx, source: string, { upTo, limit }: { upTo: number; limit: number }): Promise<number> {
  const db = database(tx);
  const read = await db
    .selectFrom("data_source_rows")
    .select("position")
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .where("position", "<=", upTo)
    .where("row", "is not", null)
    .orderBy("position")
    .limit(limit)
    .execute();
  if (read.length === 0) return 0;
  await db
    .updateTable("data_source_rows")
    .set({ row: null })
    .where("project_id", "=", tx.projectId)
    .where("source", "=", source)
    .where("position", ">=", read[0]!.position)
    .where("position", "<=", read.at(-1)!.position)
    .execute();
  return read.length;
}

function toState(row: StateRow): SourceState {
  return {
    source: row.source,
    revision: row.revision,
    received: Number(row.received),
    cursor: row.cursor ?? null,
    known: row.known ?? {},
    rows: Number(row.rows),
    lastRead: row.last_read,
    lastReadAt: row.last_read_at,
  };
}
