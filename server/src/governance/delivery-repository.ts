import { type Kysely, sql } from "kysely";
import type { Tx } from "../storage/index.ts";

type Tables = {
  governance_audit_deliveries: {
    project_id: string;
    sink: string;
    /** 64-bit integers travel as text. */
    size: string;
    failures: number;
    last_error: string | null;
    holder: string | null;
    leased_until: string | null;
  };
};

export interface Delivery {
  readonly sink: string;
  readonly size: number;
  readonly lastError: string | null;
}

function tables(tx: Tx): Kysely<Tables> {
  return tx.db.withTables<Tables>();
}

/** Takes or renews the lease on a sink's deliveries of a project. The size it has come to; null when another node sends. */
export async function leaseDelivery(
  tx: Tx,
  lease: { projectId: string; sink: string; holder: string; seconds: number },
): Promise<number | null> {
  const db = tables(tx);
  await sql`insert into governance_audit_deliveries (project_id, sink) values (${lease.projectId}, ${lease.sink}) on conflict do nothing`.execute(
    db,
  );
  const { rows } = await sql<{ size: string }>`
    update governance_audit_deliveries
    set holder = ${lease.holder}, leased_until = now() + make_interval(secs => ${lease.seconds})
    where project_id = ${lease.projectId} and sink = ${lease.sink}
      and (holder is null or holder = ${lease.holder} or leased_until < now())
    returning size`.execute(db);
  return rows[0] === undefined ? null : Number(rows[0].size);
}

/** The sink has everything up to `size`. */
export async function noteDelivered(tx: Tx, delivery: { projectId: string; sink: string; size: number }): Promise<void> {
  await sql`
    update governance_audit_deliveries
    set size = greatest(size, ${delivery.size}::bigint), failures = 0, last_error = null
    where project_id = ${delivery.projectId} and sink = ${delivery.sink}`.execute(tables(tx));
}

export async function noteFailed(tx: Tx, failure: { projectId: string; sink: string; error: string }): Promise<void> {
  await sql`
    update governance_audit_deliveries
    set failures = failures + 1, last_error = ${failure.error}
    where project_id = ${failure.projectId} and sink = ${failure.sink}`.execute(tables(tx));
}

/** Lets another node send at once, instead of when the lease has run out. */
export async function releaseDelivery(tx: Tx, lease: { projectId: string; sink: string; holder: string }): Promise<void> {
  await tables(tx)
    .updateTable("governance_audit_deliveries")
    .set({ holder: null, leased_until: null })
    .where("project_id", "=", lease.projectId)
    .where("sink", "=", lease.sink)
    .where("holder", "=", lease.holder)
    .execute();
}

export async function listDeliveries(tx: Tx): Promise<Delivery[]> {
  const rows = await tables(tx)
    .selectFrom("governance_audit_deliveries")
    .select(["sink", "size", "last_error"])
    .where("project_id", "=", tx.projectId)
    .execute();
  return rows.map((row) => ({ sink: row.sink, size: Number(row.size), lastError: row.last_error }));
}
