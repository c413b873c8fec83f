import type { Sql } from "../types.ts";

export interface MaintenanceSlice {
  readonly statement: string;
  /** How long the statement held the embedded store's session. */
  readonly ms: number;
}

/** Rows changed or dead since the last time before a table is worth a slice. */
const threshold = 200;
const tablesAtOnce = 50;

/**
 * What autovacuum and the checkpointer do on PostgreSQL, for the embedded store, which has neither: VACUUM, ANALYZE, a
 * checkpoint (which bounds the time a start after a crash takes). Each statement is a slice; others have their turn between
 * two. VACUUM reads only pages changed since the last one and the store samples a tenth of the usual rows for ANALYZE, so
 * run every minute or so a slice stays far below 50 ms (a table of 200,000 rows of which 2,000 changed: 10 to 20 ms).
 * Nothing to do on PostgreSQL.
 */
export async function maintain(sql: Sql): Promise<MaintenanceSlice[]> {
  if (sql.store === "postgres") return [];
  const { rows } = await sql.owner.query<{ name: string; vacuum: boolean; analyze: boolean }>(
    `select format('%I.%I', schemaname, relname) as name, n_dead_tup + n_ins_since_vacuum > $1 as vacuum, n_mod_since_analyze > $1 as analyze
     from pg_stat_all_tables
     where schemaname not in ('pg_toast', 'information_schema') and (n_dead_tup + n_ins_since_vacuum > $1 or n_mod_since_analyze > $1)
     order by n_dead_tup desc limit ${tablesAtOnce}`,
    [threshold],
  );
  const slices: MaintenanceSlice[] = [];
  async function run(statement: string): Promise<void> {
    const start = performance.now();
    await sql.owner.query(statement);
    slices.push({ statement, ms: performance.now() - start });
  }
  for (const { name, vacuum, analyze } of rows) {
    // Truncating a table's end would want a lock and gives back nothing that the next insert does not take again.
    if (vacuum) await run(`vacuum (parallel 0, truncate false) ${name}`);
    if (analyze) await run(`analyze ${name}`);
  }
  if (rows.length > 0) await run("checkpoint");
  return slices;
}
