import type { Permission } from "@millrace/contract";
import { type Kysely, sql } from "kysely";
import type { Tx } from "../storage/index.ts";

export interface KeyRow {
  project_id: string;
  id: string;
  name: string;
  prefix: string;
  secret_hash: string;
  permissions: Permission[];
  functions: string[] | null;
  limit_requests: number | null;
  limit_window_seconds: number | null;
  created_by: string;
  revoked_at: string | null;
  revoked_by: string | null;
}

interface TokenRow {
  project_id: string;
  id: string;
  lookup: string;
  token_hash: string;
  permissions: Permission[];
  functions: string[] | null;
  created_by: string;
  expires_at: string;
}
export interface LinkRow extends TokenRow {
  used_at: string | null;
}
export interface SessionRow extends TokenRow {
  ended_at: string | null;
}

export interface SwitchRow {
  project_id: string;
  target: string;
  is_off: boolean;
  reason: string | null;
  changed_by: string;
  changed_at: string;
}

type Tables = {
  governance_keys: KeyRow;
  governance_links: LinkRow;
  governance_sessions: SessionRow;
  governance_switches: SwitchRow;
};

function tables(tx: Tx): Kysely<Tables> {
  return tx.db.withTables<Tables>();
}

export async function insertKey(tx: Tx, key: Omit<KeyRow, "revoked_at" | "revoked_by">): Promise<void> {
  await tables(tx)
    .insertInto("governance_keys")
    .values({ ...key, revoked_at: null, revoked_by: null })
    .execute();
}

/** Newest first, after the key with the id `cursor`. */
export function listKeys(tx: Tx, page: { limit: number; cursor?: string | undefined }): Promise<KeyRow[]> {
  let query = tables(tx)
    .selectFrom("governance_keys")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .orderBy("id", "desc")
    .limit(page.limit);
  if (page.cursor !== undefined) query = query.where("id", "<", page.cursor);
  return query.execute();
}

export function findKey(tx: Tx, id: string): Promise<KeyRow | undefined> {
  return tables(tx)
    .selectFrom("governance_keys")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
}

export async function revokeKey(tx: Tx, key: { id: string; at: string }): Promise<KeyRow> {
  return tables(tx)
    .updateTable("governance_keys")
    .set({ revoked_at: key.at, revoked_by: tx.principalId })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", key.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Ends every session that came from a link of this principal, and its unused links. */
export async function endSessionsOf(tx: Tx, principalId: string, at: string): Promise<void> {
  const db = tables(tx);
  await db
    .updateTable("governance_sessions")
    .set({ ended_at: at })
    .where("project_id", "=", tx.projectId)
    .where("created_by", "=", principalId)
    .where("ended_at", "is", null)
    .execute();
  await db
    .deleteFrom("governance_links")
    .where("project_id", "=", tx.projectId)
    .where("created_by", "=", principalId)
    .where("used_at", "is", null)
    .execute();
}

/** Adds a link, and forgets those of the project that expired before `forgetBefore`. */
export async function insertLink(tx: Tx, link: Omit<LinkRow, "used_at">, forgetBefore: string): Promise<void> {
  const db = tables(tx);
  await db.deleteFrom("governance_links").where("project_id", "=", tx.projectId).where("expires_at", "<", forgetBefore).execute();
  await db.deleteFrom("governance_sessions").where("project_id", "=", tx.projectId).where("expires_at", "<", forgetBefore).execute();
  await db
    .insertInto("governance_links")
    .values({ ...link, used_at: null })
    .execute();
}

/** Finds a link in any project and locks it, so it is spent once. */
export function findLink(tx: Tx, lookup: string): Promise<LinkRow | undefined> {
  return tables(tx).selectFrom("governance_links").selectAll().where("lookup", "=", lookup).forUpdate().executeTakeFirst();
}

export async function spendLink(tx: Tx, link: LinkRow, session: Omit<SessionRow, "ended_at">, at: string): Promise<void> {
  const db = tables(tx);
  await db
    .updateTable("governance_links")
    .set({ used_at: at })
    .where("project_id", "=", link.project_id)
    .where("id", "=", link.id)
    .execute();
  await db
    .insertInto("governance_sessions")
    .values({ ...session, ended_at: null })
    .execute();
}

/** Answers whether it was still open. */
export async function endSession(tx: Tx, id: string, at: string): Promise<boolean> {
  const result = await tables(tx)
    .updateTable("governance_sessions")
    .set({ ended_at: at })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export function findSwitch(tx: Tx, target: string): Promise<SwitchRow | undefined> {
  return tables(tx)
    .selectFrom("governance_switches")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("target", "=", target)
    .forUpdate()
    .executeTakeFirst();
}

export function listSwitches(tx: Tx): Promise<SwitchRow[]> {
  return tables(tx).selectFrom("governance_switches").selectAll().where("project_id", "=", tx.projectId).orderBy("target").execute();
}

export async function saveSwitch(tx: Tx, row: SwitchRow): Promise<void> {
  const { project_id: _project, target: _target, ...state } = row;
  await tables(tx)
    .insertInto("governance_switches")
    .values(row)
    .onConflict((conflict) => conflict.columns(["project_id", "target"]).doUpdateSet(state))
    .execute();
}

/** What a node keeps in memory, of every project. Sessions that have ended are left out. */
export async function loadMemory(tx: Tx): Promise<{ keys: KeyRow[]; sessions: SessionRow[]; switches: SwitchRow[] }> {
  const db = tables(tx);
  return {
    keys: await db.selectFrom("governance_keys").selectAll().execute(),
    sessions: await db
      .selectFrom("governance_sessions")
      .selectAll()
      .where("ended_at", "is", null)
      .where("expires_at", ">", sql<string>`now() - interval '1 day'`)
      .execute(),
    switches: await db.selectFrom("governance_switches").selectAll().execute(),
  };
}
