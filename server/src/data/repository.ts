import { sql } from "kysely";
import { createId, idTime, storableText } from "../core/index.ts";
import { quoteName, type Tx } from "../storage/index.ts";
import type { Dataset, DatasetDetail, Page, Upload, VersionQuery } from "./types.ts";

/** What a version row holds beside its counts. */
export type VersionDetail = Omit<DatasetDetail, keyof Dataset>;
type Counted = Omit<Dataset, "tags">;

export interface NewVersion {
  readonly name: string;
  readonly version: number;
  readonly hash: string;
  readonly quarantineHash: string;
  readonly counts: {
    readonly rows: number;
    readonly kept: number;
    readonly exactDuplicates: number;
    readonly nearDuplicates: number;
    readonly quarantined: number;
  };
  readonly detail: VersionDetail;
}

// Type aliases: kysely's constraint asks for an index signature, which interfaces lack.
type VersionRow = {
  readonly project_id: string;
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly hash: string;
  readonly quarantine_hash: string;
  readonly created_by: string;
  readonly rows: number;
  readonly kept: number;
  readonly exact_duplicates: number;
  readonly near_duplicates: number;
  readonly quarantined: number;
  readonly detail: VersionDetail;
};

type Tables = {
  data_uploads: { project_id: string; id: string; hash: string; bytes: number; rows: number; created_by: string };
  data_datasets: { project_id: string; name: string; latest_version: number };
  data_versions: VersionRow;
  data_tags: { project_id: string; name: string; tag: string; version: number; set_by: string };
};

export type StoredVersion = DatasetDetail & { readonly quarantineHash: string };

/** Values of a column of the Parquet file that stands for `referenced`, each once, as `value`. */
export function distinctValuesSql(column: string, limit: number): string {
  return `SELECT DISTINCT ${quoteName(column)} AS value FROM referenced WHERE value IS NOT NULL LIMIT ${limit}`;
}

export async function insertUpload(tx: Tx, upload: Upload): Promise<void> {
  const row = {
    project_id: tx.projectId,
    id: upload.id,
    hash: upload.hash,
    bytes: upload.bytes,
    rows: upload.rows,
    created_by: tx.principalId,
  };
  await tx.db.withTables<Tables>().insertInto("data_uploads").values(row).execute();
}

export async function findUpload(tx: Tx, id: string): Promise<Upload | null> {
  const row = await tx.db
    .withTables<Tables>()
    .selectFrom("data_uploads")
    .select(["id", "hash", "bytes", "rows"])
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, bytes: Number(row.bytes) };
}

/** The next version number of a name. Holds the name until the transaction ends. */
export async function takeVersion(tx: Tx, name: string): Promise<number> {
  const row = await tx.db
    .withTables<Tables>()
    .insertInto("data_datasets")
    .values({ project_id: tx.projectId, name, latest_version: 1 })
    .onConflict((conflict) =>
      conflict.columns(["project_id", "name"]).doUpdateSet((eb) => ({ latest_version: eb("data_datasets.latest_version", "+", 1) })),
    )
    .returning("latest_version")
    .executeTakeFirstOrThrow();
  return row.latest_version;
}

export async function insertVersion(tx: Tx, version: NewVersion): Promise<void> {
  const { counts } = version;
  await tx.db
    .withTables<Tables>()
    .insertInto("data_versions")
    .values({
      project_id: tx.projectId,
      id: createId(),
      name: version.name,
      version: version.version,
      hash: version.hash,
      quarantine_hash: version.quarantineHash,
      created_by: tx.principalId,
      rows: counts.rows,
      kept: counts.kept,
      exact_duplicates: counts.exactDuplicates,
      near_duplicates: counts.nearDuplicates,
      quarantined: counts.quarantined,
      // The driver would write an array or object in its own syntax.
      detail: JSON.stringify(version.detail, (_name, value: unknown) => (typeof value === "string" ? storableText(value) : value)) as never,
    })
    .execute();
}

/** A version of a name, the latest one for null. */
export async function findVersion(tx: Tx, name: string, version: number | null): Promise<StoredVersion | null> {
  let query = tx.db
    .withTables<Tables>()
    .selectFrom("data_versions")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("name", "=", name);
  query = version === null ? query.orderBy("version", "desc").limit(1) : query.where("version", "=", version);
  const row = await query.executeTakeFirst();
  if (row === undefined) return null;
  const [tags] = await readTags(tx, [row]);
  return { ...toDataset(row), tags: tags!, ...completeDetail(row.detail), quarantineHash: row.quarantine_hash };
}

/** A version that was stored before a fact was kept says what was so then. */
function completeDetail(stored: VersionDetail): VersionDetail {
  const known: Partial<VersionDetail> = stored;
  return {
    ...stored,
    split: known.split ?? { kind: "time" },
    contractVersion: known.contractVersion ?? "1.0",
    contractChanges: known.contractChanges ?? [],
    rules: known.rules ?? [],
    groups: known.groups ?? [],
    lineage: { ...stored.lineage, lines: known.lineage?.lines ?? null },
    statements: known.statements ?? {},
    gaps: known.gaps ?? [],
    leakage: { ...stored.leakage, features: known.leakage?.features ?? [] },
  };
}

/** Versions built from one, as its rows or as its next version, oldest first. */
export async function listChildren(tx: Tx, reference: string, limit: number): Promise<string[]> {
  const rows = await tx.db
    .withTables<Tables>()
    .selectFrom("data_versions")
    .select(["name", "version"])
    .where("project_id", "=", tx.projectId)
    .where((eb) =>
      eb.or([
        sql<boolean>`detail -> 'lineage' ->> 'parent' = ${reference}`,
        sql<boolean>`detail -> 'lineage' -> 'sources' @> ${JSON.stringify([{ kind: "dataset", reference }])}::jsonb`,
      ]),
    )
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ name, version }) => `${name}@${version}`);
}

/** Newest first. */
export async function listVersions(tx: Tx, page: VersionQuery): Promise<Page<Dataset>> {
  let query = tx.db
    .withTables<Tables>()
    .selectFrom("data_versions")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .orderBy("id", "desc")
    .limit(page.limit + 1);
  if (page.cursor !== undefined) query = query.where("id", "<", page.cursor);
  if (page.name !== undefined) query = query.where("name", "=", page.name);
  const { tag } = page;
  if (tag !== undefined)
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom("data_tags")
          .select("data_tags.tag")
          .whereRef("data_tags.project_id", "=", "data_versions.project_id")
          .whereRef("data_tags.name", "=", "data_versions.name")
          .whereRef("data_tags.version", "=", "data_versions.version")
          .where("data_tags.tag", "=", tag),
      ),
    );
  const rows = await query.execute();
  const shown = rows.slice(0, page.limit);
  const tags = await readTags(tx, shown);
  const items = shown.map((row, index) => ({ ...toDataset(row), tags: tags[index]! }));
  return { items, next: rows.length > page.limit ? items.at(-1)!.id : null };
}

/** The tags of each version, in order of the alphabet. */
async function readTags(tx: Tx, versions: readonly Pick<VersionRow, "name" | "version">[]): Promise<string[][]> {
  if (versions.length === 0) return [];
  const rows = await tx.db
    .withTables<Tables>()
    .selectFrom("data_tags")
    .select(["name", "tag", "version"])
    .where("project_id", "=", tx.projectId)
    .where("name", "in", [...new Set(versions.map(({ name }) => name))])
    .orderBy("tag")
    .execute();
  return versions.map(({ name, version }) => rows.filter((row) => row.name === name && row.version === version).map(({ tag }) => tag));
}

/** The version a tag stands for; the row is held until the transaction ends. */
export async function lockTag(tx: Tx, name: string, tag: string): Promise<number | null> {
  const row = await tx.db
    .withTables<Tables>()
    .selectFrom("data_tags")
    .select("version")
    .where("project_id", "=", tx.projectId)
    .where("name", "=", name)
    .where("tag", "=", tag)
    .forUpdate()
    .executeTakeFirst();
  return row?.version ?? null;
}

export async function writeTag(tx: Tx, { name, tag, version }: { name: string; tag: string; version: number | null }): Promise<void> {
  const db = tx.db.withTables<Tables>();
  if (version === null) {
    await db.deleteFrom("data_tags").where("project_id", "=", tx.projectId).where("name", "=", name).where("tag", "=", tag).execute();
    return;
  }
  await db
    .insertInto("data_tags")
    .values({ project_id: tx.projectId, name, tag, version, set_by: tx.principalId })
    .onConflict((conflict) => conflict.columns(["project_id", "name", "tag"]).doUpdateSet({ version, set_by: tx.principalId }))
    .execute();
}

function toDataset(row: VersionRow): Counted {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    reference: `${row.name}@${row.version}`,
    hash: row.hash,
    createdAt: new Date(idTime(row.id)).toISOString(),
    createdBy: row.created_by,
    rows: row.rows,
    kept: row.kept,
    duplicates: row.exact_duplicates + row.near_duplicates,
    exactDuplicates: row.exact_duplicates,
    nearDuplicates: row.near_duplicates,
    quarantined: row.quarantined,
  };
}
