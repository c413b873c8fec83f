import type { SqlClient } from "../types.ts";

/** Real names of the two schemas of a store. */
export interface Schemas {
  readonly main: string;
  readonly workflows: string;
}

export interface CatalogTable {
  readonly schema: keyof Schemas;
  readonly name: string;
  readonly protected: boolean;
  /** Without generated columns. */
  readonly columns: string[];
}

export async function readSchemas(client: SqlClient, workflows: string | undefined): Promise<Schemas> {
  const { rows } = await client.query<{ main: string }>("select current_schema() as main");
  const { main } = rows[0]!;
  return { main, workflows: workflows ?? "dbos" };
}

/** Tables of both schemas, parents before those that refer to them. A partitioned table stands for its partitions. */
export async function readTables(client: SqlClient, schemas: Schemas): Promise<CatalogTable[]> {
  const { rows } = await client.query<{ schema: string; name: string; protected: boolean; columns: string[] }>(
    `select n.nspname as schema, c.relname as name, c.relrowsecurity as protected,
      (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1) and c.relkind in ('r', 'p') and not c.relispartition
    order by n.nspname, c.relname`,
    [[schemas.main, schemas.workflows]],
  );
  const { rows: references } = await client.query<{ child: string; parent: string }>(
    `select cn.nspname || '.' || c.relname as child, pn.nspname || '.' || p.relname as parent
    from pg_constraint f
      join pg_class c on c.oid = f.conrelid join pg_namespace cn on cn.oid = c.relnamespace
      join pg_class p on p.oid = f.confrelid join pg_namespace pn on pn.oid = p.relnamespace
    where f.contype = 'f' and cn.nspname = any($1)`,
    [[schemas.main, schemas.workflows]],
  );
  const parents = Map.groupBy(references, ({ child }) => child);
  const ordered: CatalogTable[] = [];
  const seen = new Set<string>();
  const byName = new Map(rows.map((row) => [`${row.schema}.${row.name}`, row]));
  function place(key: string): void {
    const row = byName.get(key);
    if (row === undefined || seen.has(key)) return;
    seen.add(key);
    for (const { parent } of parents.get(key) ?? []) place(parent);
    ordered.push({
      schema: row.schema === schemas.main ? "main" : "workflows",
      name: row.name,
      protected: row.protected,
      columns: row.columns,
    });
  }
  for (const key of byName.keys()) place(key);
  return ordered;
}

export interface CatalogPartition {
  readonly name: string;
  readonly parent: string;
  /** `FOR VALUES FROM (...) TO (...)`, as PostgreSQL spells it. */
  readonly bound: string;
  readonly protected: boolean;
}

/** Partitions made while the program ran; migrations make the default ones. */
export async function readPartitions(client: SqlClient, schemas: Schemas): Promise<CatalogPartition[]> {
  const { rows } = await client.query<CatalogPartition>(
    `select c.relname as name, p.relname as parent, pg_get_expr(c.relpartbound, c.oid) as bound, c.relrowsecurity as protected
    from pg_class c join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
      join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relispartition and c.relkind = 'r' and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
    order by c.relname`,
    [schemas.main],
  );
  return rows;
}

export async function readSequences(
  client: SqlClient,
  schemas: Schemas,
): Promise<{ schema: keyof Schemas; name: string; value: string }[]> {
  const { rows } = await client.query<{ schema: string; name: string; value: string }>(
    "select schemaname as schema, sequencename as name, last_value::text as value from pg_sequences where schemaname = any($1) and last_value is not null order by 1, 2",
    [[schemas.main, schemas.workflows]],
  );
  return rows.map(({ schema, name, value }) => ({ schema: schema === schemas.main ? "main" : "workflows", name, value }));
}

export function qualifiedName(schemas: Schemas, table: { schema: keyof Schemas; name: string }): string {
  return `${quoteName(schemas[table.schema])}.${quoteName(table.name)}`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Protected tables show their rows to millrace_system only; all others belong to the owner. */
export function roleScript(table: { protected: boolean }): string {
  return table.protected ? "set local role millrace_system" : "set local role none";
}
