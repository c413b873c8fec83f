import type { Sql } from "../types.ts";

/** Tables by dead rows, most first; one VACUUM (ANALYZE) each, so that no statement holds the session for long. */
export async function maintain(sql: Sql, onTable: (name: string) => void = () => {}): Promise<void> {
  const { rows } = await sql.owner.query<{ name: string }>(
    `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
     where schemaname = current_schema() and (n_dead_tup > 1000 or n_mod_since_analyze > 1000) order by n_dead_tup desc limit 20`,
  );
  for (const { name } of rows) {
    onTable(name);
    // Parallel workers do not exist in the embedded store; on PostgreSQL autovacuum does the larger part.
    await sql.owner.query(`vacuum (analyze, parallel 0) ${name}`);
  }
}
