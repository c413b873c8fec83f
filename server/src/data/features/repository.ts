import type { Tx } from "../../storage/index.ts";

export interface StoredView {
  readonly name: string;
  readonly version: number;
  readonly definitionHash: string;
  readonly definition: Record<string, unknown>;
  readonly definedAt: string;
  readonly materialisedAt: string | null;
  readonly source: string | null;
  readonly entities: number | null;
  /** Feature -> the newest event time at which it had a value. */
  readonly newest: Record<string, string | null> | null;
}

export interface StoredValues {
  readonly entity: string;
  readonly values: Record<string, unknown>;
  readonly eventTime: string;
  readonly materialisedAt: string;
}

/** Which view's rows. */
export interface ViewKey {
  readonly name: string;
  readonly version: number;
}

export async function listViews(tx: Tx): Promise<StoredView[]> {
  const { rows } = await tx.client.query<StoredView>(
    `select name, version, definition_hash as "definitionHash", definition, defined_at as "definedAt", materialised_at as "materialisedAt",
      source, entities, newest from data_feature_views where project_id = $1`,
    [tx.projectId],
  );
  return rows;
}

export type NewView = Pick<StoredView, "name" | "version" | "definitionHash" | "definition" | "definedAt">;

/** False when another got there first. */
export async function insertView(tx: Tx, view: NewView): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into data_feature_views (project_id, name, version, definition_hash, definition, defined_at) values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing`,
    [tx.projectId, view.name, view.version, view.definitionHash, JSON.stringify(view.definition), view.definedAt],
  );
  return rowCount > 0;
}

export interface Materialised {
  readonly at: string;
  readonly source: string;
  readonly entities: number;
  readonly newest: Record<string, string | null>;
}

export async function noteMaterialised(tx: Tx, key: ViewKey, done: Materialised): Promise<void> {
  await tx.client.query(
    `update data_feature_views set materialised_at = $4, source = $5, entities = $6, newest = $7
    where project_id = $1 and name = $2 and version = $3`,
    [tx.projectId, key.name, key.version, done.at, done.source, done.entities, JSON.stringify(done.newest)],
  );
}

/** A run that began earlier never overwrites what a later one wrote. */
export async function upsertValues(tx: Tx, key: ViewKey, rows: readonly StoredValues[]): Promise<void> {
  await tx.client.query(
    `insert into data_feature_values as held (project_id, view, version, entity, feature_values, event_time, materialised_at)
    select $1, $2, $3, entity, "values", "eventTime", "materialisedAt"
    from jsonb_to_recordset($4::jsonb) as item(entity text, "values" jsonb, "eventTime" timestamptz, "materialisedAt" timestamptz)
    on conflict (project_id, view, version, entity) do update
      set feature_values = excluded.feature_values, event_time = excluded.event_time, materialised_at = excluded.materialised_at
      where held.materialised_at <= excluded.materialised_at`,
    [tx.projectId, key.name, key.version, JSON.stringify(rows)],
  );
}

/**
 * Removes some of what no run since `before` wrote; answers how many. In two statements: as one, without statistics of the table,
 * the search is repeated for every row of it.
 */
export async function removeOlder(tx: Tx, key: ViewKey, how: { before: string; limit: number }): Promise<number> {
  const { rows } = await tx.client.query<{ entity: string }>(
    `select entity from data_feature_values where project_id = $1 and view = $2 and version = $3 and materialised_at < $4 limit $5`,
    [tx.projectId, key.name, key.version, how.before, how.limit],
  );
  if (rows.length === 0) return 0;
  // Once more by its age: another run may have written it meanwhile.
  const { rowCount } = await tx.client.query(
    `delete from data_feature_values where project_id = $1 and view = $2 and version = $3 and entity = any($4::text[]) and materialised_at < $5`,
    [tx.projectId, key.name, key.version, rows.map((row) => row.entity), how.before],
  );
  return rowCount;
}

const valueColumns = `entity, feature_values as "values", event_time as "eventTime", materialised_at as "materialisedAt"`;

export async function findValues(tx: Tx, key: ViewKey, entity: string): Promise<StoredValues | null> {
  const { rows } = await tx.client.query<StoredValues>(
    `select ${valueColumns} from data_feature_values where project_id = $1 and view = $2 and version = $3 and entity = $4`,
    [tx.projectId, key.name, key.version, entity],
  );
  return rows[0] ?? null;
}

/** Some entities, spread over all; the same ones for the same seed. */
export async function sampleValues(tx: Tx, key: ViewKey, how: { seed: string; limit: number }): Promise<StoredValues[]> {
  const { rows } = await tx.client.query<StoredValues>(
    `select ${valueColumns} from data_feature_values where project_id = $1 and view = $2 and version = $3
    order by hashtextextended(entity, hashtext($4)), entity limit $5`,
    [tx.projectId, key.name, key.version, how.seed, how.limit],
  );
  return rows;
}

export async function countValues(tx: Tx, key: ViewKey): Promise<number> {
  const { rows } = await tx.client.query<{ entities: string }>(
    "select count(*) as entities from data_feature_values where project_id = $1 and view = $2 and version = $3",
    [tx.projectId, key.name, key.version],
  );
  return Number(rows[0]!.entities);
}
