import type { Sql, Tx } from "../../storage/index.ts";
import type { BodyRow, InferenceRow } from "../repository.ts";
import { type RetainedKind, tableOf as retainedTables } from "./periods.ts";
import type { ArchiveFile, ArchiveKind } from "./types.ts";

/** An inference with its body; the body's fields are null where it is gone. */
export type StoredInference = InferenceRow & {
  [field in "input" | "output" | "steps" | "produced" | "metadata"]: BodyRow[field] | null;
} & { readonly salt: string | null; readonly erased_hash: string | null };

export interface StoredShadow {
  readonly project_id: string;
  readonly id: string;
  readonly function: string;
}

const tableOf = { inferences: "functions_inferences", shadows: "functions_shadows" } as const;

/** Every project that has rows of a kind in SQL. One look at the index for each. */
export async function listProjects(sql: Sql, kind: RetainedKind): Promise<string[]> {
  const projects: string[] = [];
  for (;;) {
    const next = await sql.system("maintenance", async (tx) => {
      const { rows } = await tx.client.query<{ project_id: string }>(
        `select project_id from ${retainedTables[kind]} where $1::uuid is null or project_id > $1 order by project_id limit 1`,
        [projects.at(-1) ?? null],
      );
      return rows[0]?.project_id;
    });
    if (next === undefined) return projects;
    projects.push(next);
  }
}

/** The first id at or after a bound. */
export async function firstId(tx: Tx, kind: ArchiveKind, from: string): Promise<string | null> {
  const { rows } = await tx.client.query<{ id: string }>(
    `select id from ${tableOf[kind]} where project_id = $1 and id >= $2 order by id limit 1`,
    [tx.projectId, from],
  );
  return rows[0]?.id ?? null;
}

export interface RowsRange {
  /** The last id seen; null at the start. */
  readonly after: string | null;
  readonly from: string;
  readonly to: string;
  readonly limit: number;
}

export async function readInferences(tx: Tx, range: RowsRange): Promise<StoredInference[]> {
  const { rows } = await tx.client.query<StoredInference>(
    `select inference.project_id, inference.id, function, status, variant, binding, arm, release_id, fallback, label, confidence, error, latency_ms, caller,
      recorded_at, occurred_at, input, output, steps, produced, metadata, salt, erased_hash
    from functions_inferences as inference
    left join functions_inference_bodies as body on body.project_id = $1 and body.id = inference.id and body.id >= $2 and body.id < $3
    where inference.project_id = $1 and inference.id >= $2 and inference.id < $3 and ($4::uuid is null or inference.id > $4)
    order by inference.id limit $5`,
    [tx.projectId, range.from, range.to, range.after, range.limit],
  );
  return rows;
}

export async function readShadows(tx: Tx, range: RowsRange): Promise<StoredShadow[]> {
  const { rows } = await tx.client.query<StoredShadow>(
    `select project_id, id, inference_id, function, variant, binding, output, label, confidence, agrees, error, latency_ms, recorded_at
    from functions_shadows where project_id = $1 and id >= $2 and id < $3 and ($4::uuid is null or id > $4) order by id limit $5`,
    [tx.projectId, range.from, range.to, range.after, range.limit],
  );
  return rows;
}

/** The newest closed hour before a moment: one closed by a clock that ran ahead says nothing of those before it. Null before the first. */
export async function lastClosedHour(tx: Tx, kind: ArchiveKind, before: number): Promise<string | null> {
  const { rows } = await tx.client.query<{ hour: string | null }>(
    "select max(hour) as hour from functions_hours where project_id = $1 and kind = $2 and hour < $3",
    [tx.projectId, kind, new Date(before).toISOString()],
  );
  return rows[0]?.hour ?? null;
}

export async function closeHour(tx: Tx, hour: { kind: ArchiveKind; hour: string; rows: number; at: string }): Promise<void> {
  await tx.client.query(
    `insert into functions_hours (project_id, kind, hour, rows, closed_at) values ($1, $2, $3, $4, $5)
    on conflict (project_id, kind, hour) do update set rows = excluded.rows, closed_at = excluded.closed_at`,
    [tx.projectId, hour.kind, hour.hour, hour.rows, hour.at],
  );
}

/** Whoever records files of one hour does so alone, until the transaction ends. */
export async function lockHour(tx: Tx, hour: { kind: ArchiveKind; hour: string }): Promise<void> {
  await tx.client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`functions:${tx.projectId}:${hour.kind}:${hour.hour}`]);
}

interface FileRow {
  kind: ArchiveKind;
  hour: string;
  path: string;
  function: string;
  first_id: string;
  last_id: string;
  rows: number;
  bytes: string;
  sha256: string;
}

export async function listFiles(tx: Tx, query: { kind: ArchiveKind; hour?: string | undefined }): Promise<ArchiveFile[]> {
  const { rows } = await tx.client.query<FileRow>(
    `select kind, hour, path, function, first_id, last_id, rows, bytes, sha256 from functions_files
    where project_id = $1 and kind = $2 and ($3::timestamptz is null or hour = $3) order by hour, first_id, path`,
    [tx.projectId, query.kind, query.hour ?? null],
  );
  return rows.map((row) => ({
    kind: row.kind,
    hour: row.hour,
    path: row.path,
    function: row.function,
    firstId: row.first_id,
    lastId: row.last_id,
    rows: row.rows,
    bytes: Number(row.bytes),
    sha256: row.sha256,
  }));
}

export async function insertFiles(tx: Tx, files: readonly ArchiveFile[], at: string): Promise<void> {
  await tx.client.query(
    `insert into functions_files (project_id, kind, hour, path, function, first_id, last_id, rows, bytes, sha256, exported_at)
    select $1, kind, hour, path, function, "firstId", "lastId", rows, bytes, sha256, $3
    from json_to_recordset($2::json) as file(kind text, hour timestamptz, path text, function text, "firstId" uuid, "lastId" uuid, rows integer, bytes bigint, sha256 text)
    on conflict do nothing`,
    [tx.projectId, JSON.stringify(files), at],
  );
}

export interface LateHour {
  readonly kind: ArchiveKind;
  readonly hour: string;
  readonly marks: string;
}

/** Marks hours that got records late. By the drain, in the transaction that stores them. */
export async function markLate(tx: Tx, hours: readonly { projectId: string; kind: ArchiveKind; hour: string }[]): Promise<void> {
  await tx.client.query(
    `insert into functions_late_hours as held (project_id, kind, hour)
    select distinct "projectId", kind, hour from json_to_recordset($1::json) as late("projectId" uuid, kind text, hour timestamptz) order by 1, 2, 3
    on conflict (project_id, kind, hour) do update set marks = held.marks + 1`,
    [JSON.stringify(hours)],
  );
}

export async function listLate(tx: Tx): Promise<LateHour[]> {
  const { rows } = await tx.client.query<LateHour>(
    "select kind, hour, marks from functions_late_hours where project_id = $1 order by hour, kind",
    [tx.projectId],
  );
  return rows;
}

/** Takes a mark away unless another came since it was read. */
export async function unmarkLate(tx: Tx, late: LateHour): Promise<void> {
  await tx.client.query("delete from functions_late_hours where project_id = $1 and kind = $2 and hour = $3 and marks = $4", [
    tx.projectId,
    late.kind,
    late.hour,
    late.marks,
  ]);
}

/** In the lake: the rows of the view `found` that stand in no file of `known`. */
export const newRows = "select * from found where id not in (select id from known) order by id";

/** In the lake: the ids that the view `written` begins and ends with; null when it is empty. */
export const idsWritten = "select min(id) as first, max(id) as last from written";

/** In the lake: a page of ids with the hashes that seals hold. */
export const hashesAfter = "select id, record_hash, body_hash from evidence where id > $after order by id limit $limit";

export interface HourState {
  readonly rows: number;
  /** ISO 8601; null while its bodies are in SQL. */
  readonly bodiesDroppedAt: string | null;
  /** ISO 8601; null while its rows are in SQL. */
  readonly droppedAt: string | null;
}

export async function findHour(tx: Tx, hour: { kind: ArchiveKind; hour: string }): Promise<HourState | null> {
  const { rows } = await tx.client.query<{ rows: string; bodies_dropped_at: string | null; dropped_at: string | null }>(
    "select rows, bodies_dropped_at, dropped_at from functions_hours where project_id = $1 and kind = $2 and hour = $3",
    [tx.projectId, hour.kind, hour.hour],
  );
  const row = rows[0];
  return row === undefined ? null : { rows: Number(row.rows), bodiesDroppedAt: row.bodies_dropped_at, droppedAt: row.dropped_at };
}
