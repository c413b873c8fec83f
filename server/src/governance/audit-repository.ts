import { type Kysely, sql } from "kysely";
import type { Tx } from "../storage/index.ts";
import type { SealedValue, StoredEntry } from "./entry.ts";
import { type CompactTree, fromHex, toHex } from "./merkle.ts";
import type { AuditQuery, Checkpoint } from "./types.ts";

interface EntryRow {
  project_id: string;
  id: string;
  actor: string;
  action: string;
  object: string;
  before_hash: string | null;
  before_salt: string | null;
  before_text: string | null;
  after_hash: string | null;
  after_salt: string | null;
  after_text: string | null;
  /** 64-bit integers travel as text. */
  tree_index: string | null;
  leaf_hash: string | null;
}

interface TreeRow {
  project_id: string;
  size: string;
  root_hash: string;
  hashes: string[];
  holder: string | null;
  leased_until: string | null;
}

interface CheckpointRow {
  project_id: string;
  size: string;
  root_hash: string;
  signed_at: string;
  signature: string;
  public_key: string;
}

type Tables = {
  governance_audit: EntryRow;
  governance_audit_trees: TreeRow;
  governance_audit_checkpoints: CheckpointRow;
};

function tables(tx: Tx): Kysely<Tables> {
  return tx.db.withTables<Tables>();
}

export async function insertEntry(tx: Tx, entry: Omit<StoredEntry, "index" | "leafHash">): Promise<void> {
  await tables(tx)
    .insertInto("governance_audit")
    .values({
      project_id: entry.projectId,
      id: entry.id,
      actor: entry.actor,
      action: entry.action,
      object: entry.object,
      ...columnsOf("before", entry.before),
      ...columnsOf("after", entry.after),
      tree_index: null,
      leaf_hash: null,
    })
    .execute();
}

function columnsOf(name: "before" | "after", value: SealedValue): Partial<EntryRow> {
  return { [`${name}_hash`]: value.hash, [`${name}_salt`]: value.salt, [`${name}_text`]: value.text };
}

/** Newest first, after the entry with the id `cursor`. */
export async function listEntries(tx: Tx, query: AuditQuery): Promise<StoredEntry[]> {
  let select = tables(tx)
    .selectFrom("governance_audit")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .orderBy("id", "desc")
    .limit(query.limit);
  if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
  if (query.action !== undefined) select = select.where("action", "=", query.action);
  if (query.object !== undefined) select = select.where("object", "=", query.object);
  return (await select.execute()).map(toEntry);
}

/** Placed entries in the order of the tree, from index `from` on and below `to`. */
export async function entriesFrom(tx: Tx, range: { from: number; to: number; limit: number }): Promise<StoredEntry[]> {
  const rows = await tables(tx)
    .selectFrom("governance_audit")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("tree_index", ">=", String(range.from))
    .where("tree_index", "<", String(range.to))
    .orderBy("tree_index")
    .limit(range.limit)
    .execute();
  return rows.map(toEntry);
}

/** Erases plain text and salt of one entry of a project. Answers whether there was such an entry. */
export async function eraseText(tx: Tx, entry: { projectId: string; id: string }): Promise<boolean> {
  const result = await tables(tx)
    .updateTable("governance_audit")
    .set({ before_text: null, before_salt: null, after_text: null, after_salt: null })
    .where("project_id", "=", entry.projectId)
    .where("id", "=", entry.id)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** What an action was done to, each once, in order. */
export async function listObjects(tx: Tx, action: string): Promise<string[]> {
  const rows = await tables(tx)
    .selectFrom("governance_audit")
    .select("object")
    .distinct()
    .where("project_id", "=", tx.projectId)
    .where("action", "=", action)
    .orderBy("object")
    .execute();
  return rows.map((row) => row.object);
}

export interface Head {
  readonly size: number;
  readonly rootHash: string;
}

/** The head, the entries that wait, and the largest index in use, as of one moment. */
export async function readHead(tx: Tx): Promise<{ head: Head | null; pending: number; placed: number }> {
  const { rows } = await sql<{ size: string | null; root_hash: string | null; pending: string; last: string | null }>`
    select t.size, t.root_hash, p.pending, p.last
    from (
      select count(*) filter (where tree_index is null) as pending, max(tree_index) as last from governance_audit where project_id = ${tx.projectId}
    ) p
    left join governance_audit_trees t on t.project_id = ${tx.projectId}`.execute(tables(tx));
  const row = rows[0]!;
  return {
    head: row.size === null || row.root_hash === null ? null : { size: Number(row.size), rootHash: row.root_hash },
    pending: Number(row.pending),
    placed: row.last === null ? 0 : Number(row.last) + 1,
  };
}

/** Up to `limit` checkpoints of the project with a size above `above`, smallest first. */
export async function listCheckpoints(tx: Tx, range: { above: number; limit: number }): Promise<Checkpoint[]> {
  const rows = await tables(tx)
    .selectFrom("governance_audit_checkpoints")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("size", ">", String(range.above))
    .orderBy("size")
    .limit(range.limit)
    .execute();
  return rows.map(toCheckpoint);
}

/** The newest checkpoint of a project; null before the first. */
export async function newestCheckpoint(tx: Tx, projectId: string): Promise<Checkpoint | null> {
  const row = await tables(tx)
    .selectFrom("governance_audit_checkpoints")
    .selectAll()
    .where("project_id", "=", projectId)
    .orderBy("size", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toCheckpoint(row);
}

export async function projectsWithPending(tx: Tx): Promise<string[]> {
  const rows = await tables(tx).selectFrom("governance_audit").select("project_id").distinct().where("tree_index", "is", null).execute();
  return rows.map((row) => row.project_id);
}

export async function projectsWithTree(tx: Tx): Promise<string[]> {
  const rows = await tables(tx).selectFrom("governance_audit_trees").select("project_id").execute();
  return rows.map((row) => row.project_id);
}

/**
 * Takes or renews the lease on a project's tree by conditional update, which also locks the row: a second sequencer waits for
 * this transaction, then finds the lease taken. Null when another one holds it.
 */
export async function leaseTree(
  tx: Tx,
  lease: { projectId: string; holder: string; seconds: number; emptyRoot: string },
): Promise<{ tree: CompactTree; rootHash: string } | null> {
  const db = tables(tx);
  await sql`insert into governance_audit_trees (project_id, root_hash) values (${lease.projectId}, ${lease.emptyRoot}) on conflict do nothing`.execute(
    db,
  );
  const { rows } = await sql<TreeRow>`
    update governance_audit_trees
    set holder = ${lease.holder}, leased_until = now() + make_interval(secs => ${lease.seconds})
    where project_id = ${lease.projectId} and (holder is null or holder = ${lease.holder} or leased_until < now())
    returning *`.execute(db);
  const row = rows[0];
  return row === undefined ? null : { tree: { size: Number(row.size), hashes: row.hashes.map(fromHex) }, rootHash: row.root_hash };
}

export async function pendingEntries(tx: Tx, projectId: string, limit: number): Promise<StoredEntry[]> {
  const rows = await tables(tx)
    .selectFrom("governance_audit")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("tree_index", "is", null)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/** Gives entries their places in one statement. */
export async function placeEntries(
  tx: Tx,
  projectId: string,
  places: readonly { id: string; index: number; leaf: string }[],
): Promise<void> {
  await sql`
    update governance_audit a set tree_index = p.index, leaf_hash = p.leaf
    from json_to_recordset(${JSON.stringify(places)}::json) as p (id uuid, index bigint, leaf text)
    where a.project_id = ${projectId} and a.id = p.id`.execute(tables(tx));
}

/** Moves the head and keeps its checkpoint. */
export async function saveHead(tx: Tx, projectId: string, state: { tree: CompactTree; checkpoint: Checkpoint }): Promise<void> {
  const db = tables(tx);
  const { size, rootHash, at, signature, publicKey } = state.checkpoint;
  await db
    .updateTable("governance_audit_trees")
    .set({ size: String(size), root_hash: rootHash, hashes: state.tree.hashes.map(toHex) })
    .where("project_id", "=", projectId)
    .execute();
  await db
    .insertInto("governance_audit_checkpoints")
    .values({ project_id: projectId, size: String(size), root_hash: rootHash, signed_at: at, signature, public_key: publicKey })
    .execute();
}

function toCheckpoint(row: CheckpointRow): Checkpoint {
  return { size: Number(row.size), rootHash: row.root_hash, at: row.signed_at, signature: row.signature, publicKey: row.public_key };
}

function toEntry(row: EntryRow): StoredEntry {
  return {
    id: row.id,
    projectId: row.project_id,
    actor: row.actor,
    action: row.action,
    object: row.object,
    before: { hash: row.before_hash, salt: row.before_salt, text: row.before_text },
    after: { hash: row.after_hash, salt: row.after_salt, text: row.after_text },
    index: row.tree_index === null ? null : Number(row.tree_index),
    leafHash: row.leaf_hash,
  };
}
