import type { Context } from "../../core/index.ts";
import type { Sql, Tx } from "../../storage/index.ts";
import { type Period, type RetainedKind, tableOf } from "./periods.ts";

/** Partitions of evidence with their size. Made by the owner, so asked by the owner. */
export async function listPartitions(sql: Sql, kind: RetainedKind): Promise<{ name: string; bytes: number }[]> {
  const { rows } = await sql.owner.query<{ name: string; bytes: string }>(
    `select c.relname as name, pg_total_relation_size(c.oid) as bytes from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass($1) order by c.relname`,
    [tableOf[kind]],
  );
  return rows.map((row) => ({ name: row.name, bytes: Number(row.bytes) }));
}

/** Hours before a moment, of every project, whose rows were not taken out yet. */
export async function listHoursToDrop(tx: Tx, kind: RetainedKind, before: number): Promise<string[]> {
  const column = kind === "bodies" ? "bodies_dropped_at" : "dropped_at";
  const { rows } = await tx.client.query<{ hour: string }>(
    `select distinct hour from functions_hours where kind = $1 and ${column} is null and hour < $2 order by hour`,
    [kind === "bodies" ? "inferences" : kind, new Date(before).toISOString()],
  );
  return rows.map((row) => row.hour);
}

/** The first id of a range that is in the table; null when there is none. */
export async function firstIn(tx: Tx, kind: RetainedKind, range: { from: string; to: string }): Promise<string | null> {
  const { rows } = await tx.client.query<{ id: string }>(
    `select id from ${tableOf[kind]} where project_id = $1 and id >= $2 and id < $3 order by id limit 1`,
    [tx.projectId, range.from, range.to],
  );
  return rows[0]?.id ?? null;
}

const countedAtOnce = 20_000;

/** Counted in slices: a busy hour has millions of rows. */
export async function countRows(
  sql: Sql,
  context: Context,
  query: { kind: RetainedKind; from: string; to: string; atOnce?: number },
): Promise<number> {
  const limit = query.atOnce ?? countedAtOnce;
  let after: string | null = null;
  for (let total = 0; ;) {
    const slice: { rows: string; last: string | null } = await sql.as(context, async (tx) => {
      const { rows } = await tx.client.query<{ rows: string; last: string | null }>(
        `select count(*) as rows, max(id::text) as last from (
          select id from ${tableOf[query.kind]} where project_id = $1 and id >= $2 and id < $3 and ($4::uuid is null or id > $4) order by id limit $5) as slice`,
        [tx.projectId, query.from, query.to, after, limit],
      );
      return rows[0]!;
    });
    total += Number(slice.rows);
    if (Number(slice.rows) < limit) return total;
    after = slice.last;
  }
}

/** Whether bodies of a period are still in SQL by what the hours say, in any project. */
export async function hasBodies(tx: Tx, period: Period): Promise<boolean> {
  const { rows } = await tx.client.query(
    "select from functions_hours where kind = 'inferences' and bodies_dropped_at is null and hour >= $1 and hour < $2 limit 1",
    [new Date(period.from).toISOString(), new Date(period.to).toISOString()],
  );
  return rows.length > 0;
}

/** Whether records came late for a period and wait to be written, in any project. */
export async function hasLate(tx: Tx, period: Period): Promise<boolean> {
  const { rows } = await tx.client.query("select from functions_late_hours where kind = $1 and hour >= $2 and hour < $3 limit 1", [
    period.kind === "bodies" ? "inferences" : period.kind,
    new Date(period.from).toISOString(),
    new Date(period.to).toISOString(),
  ]);
  return rows.length > 0;
}

export async function dropPartition(tx: Tx, partition: string): Promise<void> {
  await tx.client.query("select functions_drop_partition($1)", [partition]);
}

/** Notes that the rows of these hours are in files only. Answers hours and rows by project. */
export async function markDropped(tx: Tx, period: Period, at: string): Promise<{ projectId: string; hours: number; rows: number }[]> {
  const column = period.kind === "bodies" ? "bodies_dropped_at" : "dropped_at";
  const { rows } = await tx.client.query<{ project_id: string; hours: string; rows: string }>(
    `with dropped as (
      update functions_hours set ${column} = $4 where kind = $1 and hour >= $2 and hour < $3 and ${column} is null returning project_id, rows)
    select project_id, count(*) as hours, sum(rows) as rows from dropped group by project_id order by project_id`,
    [period.kind === "bodies" ? "inferences" : period.kind, new Date(period.from).toISOString(), new Date(period.to).toISOString(), at],
  );
  return rows.map((row) => ({ projectId: row.project_id, hours: Number(row.hours), rows: Number(row.rows) }));
}

/** Takes a slice of rows out of the default partition, which is never dropped; of one project, or of all. Answers how many went. */
export async function deleteFromDefault(
  tx: Tx,
  kind: RetainedKind,
  range: { from: string; to: string; projectId: string | null; limit: number },
): Promise<number> {
  const table = `${tableOf[kind]}_default`;
  const { rows } = await tx.client.query(
    `delete from ${table} where (project_id, id) in (
      select project_id, id from ${table} where id >= $1 and id < $2 and ($3::uuid is null or project_id = $3) limit $4) returning 1`,
    [range.from, range.to, range.projectId, range.limit],
  );
  return rows.length;
}
