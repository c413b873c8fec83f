import type { Sql, Tx } from "../storage/index.ts";

const ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"];

/**
 * Removes a slice of workflows that ended before a moment, with everything the engine keeps of them and the effects that kept
 * their steps from running twice: in one transaction, and locked, so that one that is resumed meanwhile stays whole.
 */
export async function removeWorkflows(sql: Sql, slice: { schema: string; before: number; limit: number }): Promise<number> {
  const client = await sql.owner.pool.connect();
  try {
    await client.query("begin");
    const { rows } = await client.query<{ id: string; project: string | null }>(
      `select workflow_uuid as id, attributes ->> 'project' as project from "${slice.schema}".workflow_status
      where status = any($1) and updated_at < $2 order by updated_at limit $3 for update skip locked`,
      [ended, slice.before, slice.limit],
    );
    const ids = rows.map((row) => row.id);
    if (ids.length > 0) {
      // Without a foreign key to the status, from which all other tables of the engine cascade.
      for (const table of ["workflow_input", "workflow_output", "operation_outputs"])
        await client.query(`delete from "${slice.schema}".${table} where workflow_uuid = any($1)`, [ids]);
      await client.query(`delete from "${slice.schema}".workflow_status where workflow_uuid = any($1)`, [ids]);
      const owned = rows.filter((row) => row.project !== null);
      await client.query("set local role millrace_system");
      for (const table of ["jobs_effects", "jobs_intents"])
        await client.query(
          `delete from ${table} using unnest($1::uuid[], $2::text[]) as gone (project, id) where project_id = gone.project and workflow_id = gone.id`,
          [owned.map((row) => row.project), owned.map((row) => row.id)],
        );
    }
    await client.query("commit");
    client.release();
    return ids.length;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    client.release(error);
    throw error;
  }
}

/** Removes a slice of events that happened before the smallest id of a moment. */
export async function removeEvents(tx: Tx, slice: { before: string; limit: number }): Promise<number> {
  const { rows } = await tx.client.query(
    "delete from jobs_events where (project_id, id) in (select project_id, id from jobs_events where id < $1 limit $2) returning 1",
    [slice.before, slice.limit],
  );
  return rows.length;
}

/** Removes nodes that have been silent since before a moment. Whoever leads took what they had long ago. */
export async function removeNodes(tx: Tx, before: string): Promise<number> {
  const { rows } = await tx.client.query("delete from jobs_nodes where heartbeat_at < $1 returning 1", [before]);
  return rows.length;
}
