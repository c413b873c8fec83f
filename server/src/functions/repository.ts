import { type Expression, type SqlBool, sql } from "kysely";
import { createSecretText } from "../core/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import type { IdempotencyScope, StoredAnswer } from "./idempotency.ts";
import type { Partition } from "./partitions.ts";
import type { Arm, ArmRole, Arms, Binding, InferencesQuery } from "./types.ts";

export type BindingRow = {
  project_id: string;
  hash: string;
  function: string;
  variant: string;
  kind: string;
  label: string;
  resolved: unknown;
  created_by: string;
};

export type ArmRow = {
  project_id: string;
  function: string;
  position: number;
  binding: string;
  variant: string;
  role: ArmRole;
  share: number;
  release_id: string | null;
};

export type InferenceRow = {
  project_id: string;
  id: string;
  function: string;
  status: "ok" | "failed" | "refused" | "interrupted";
  variant: string | null;
  binding: string | null;
  arm: string | null;
  release_id: string | null;
  fallback: boolean;
  label: string | null;
  confidence: number | null;
  error: string | null;
  latency_ms: number;
  caller: string;
  recorded_at: string;
  occurred_at: string;
};

export type BodyRow = {
  project_id: string;
  id: string;
  input: string;
  output: string;
  steps: string;
  produced: string;
  metadata: string;
  /** The hash that its hour's seal covers, kept when the body was erased. */
  erased_hash: string | null;
};

export type ShadowRow = {
  project_id: string;
  id: string;
  inference_id: string;
  variant: string;
  binding: string;
  output: string;
  agrees: boolean | null;
  error: string | null;
};

type Tables = {
  functions_bindings: BindingRow;
  functions_arms: ArmRow;
  functions_inferences: InferenceRow;
  functions_inference_bodies: BodyRow;
  functions_shadows: ShadowRow;
};

function tables(tx: Tx) {
  return tx.db.withTables<Tables>();
}

export async function insertBinding(tx: Tx, binding: Binding): Promise<void> {
  const { hash, variant, kind, label } = binding;
  await tables(tx)
    .insertInto("functions_bindings")
    .values({
      project_id: tx.projectId,
      hash,
      function: binding.function,
      variant,
      kind,
      label,
      resolved: JSON.stringify(binding.resolved),
      created_by: tx.principalId,
    })
    .onConflict((conflict) => conflict.columns(["project_id", "hash"]).doNothing())
    .execute();
}

export async function findBinding(tx: Tx, hash: string): Promise<Binding | null> {
  const row = await tables(tx)
    .selectFrom("functions_bindings")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("hash", "=", hash)
    .executeTakeFirst();
  return row === undefined ? null : toBinding(row);
}

function toBinding(row: BindingRow): Binding {
  return {
    hash: row.hash,
    function: row.function,
    variant: row.variant,
    kind: row.kind as Binding["kind"],
    label: row.label,
    resolved: row.resolved as Binding["resolved"],
  };
}

/** What one project's tables say gets traffic. */
export interface ProjectArms {
  readonly arms: ReadonlyMap<string, Arms>;
  readonly bindings: ReadonlyMap<string, Binding>;
}

/** Of every project there is, with or without arms; in a system transaction. */
export async function readEveryProject(tx: Tx): Promise<Map<string, ProjectArms>> {
  const { rows } = await tx.client.query<{ id: string }>("select id from core_projects order by created_at, id");
  const projects = new Map<string, ProjectArms>();
  for (const { id } of rows) projects.set(id, await readArms(tx, id));
  return projects;
}

/** Arms by function, with every binding they name, of one project. */
export async function readArms(tx: Tx, projectId: string): Promise<ProjectArms> {
  const rows = await tables(tx)
    .selectFrom("functions_arms")
    .selectAll()
    .where("project_id", "=", projectId)
    .orderBy("function")
    .orderBy("position")
    .execute();
  const arms = new Map<string, Arms & { arms: Arm[] }>();
  for (const row of rows) {
    const entry = arms.get(row.function) ?? { function: row.function, release: row.release_id, arms: [] };
    entry.arms.push({ binding: row.binding, variant: row.variant, role: row.role, share: row.share });
    arms.set(row.function, entry);
  }
  const hashes = [...new Set(rows.map((row) => row.binding))];
  const found =
    hashes.length === 0
      ? []
      : await tables(tx)
          .selectFrom("functions_bindings")
          .selectAll()
          .where("project_id", "=", projectId)
          .where("hash", "in", hashes)
          .execute();
  return { arms, bindings: new Map(found.map((row) => [row.hash, toBinding(row)])) };
}

export async function replaceArms(tx: Tx, arms: Arms): Promise<void> {
  await tables(tx).deleteFrom("functions_arms").where("project_id", "=", tx.projectId).where("function", "=", arms.function).execute();
  const rows = arms.arms.map((arm, position) => ({
    project_id: tx.projectId,
    function: arms.function,
    position,
    ...arm,
    release_id: arms.release,
  }));
  if (rows.length > 0) await tables(tx).insertInto("functions_arms").values(rows).execute();
}

/** The arms of one function, locked until the transaction ends. */
export async function lockArms(tx: Tx, functionName: string): Promise<Arms> {
  // Two first starts at once would both find nothing to lock; this makes the second wait.
  await tx.client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`functions:${tx.projectId}:${functionName}`]);
  const { arms } = await readArms(tx, tx.projectId);
  return arms.get(functionName) ?? { function: functionName, release: null, arms: [] };
}

export async function listInferences(tx: Tx, query: InferencesQuery & { ids?: readonly string[] | undefined }): Promise<InferenceRow[]> {
  const { ids } = query;
  if (ids !== undefined && ids.length === 0) return [];
  return tables(tx)
    .selectFrom("functions_inferences")
    .selectAll()
    .where((where) => {
      const all: Expression<SqlBool>[] = [where("project_id", "=", tx.projectId)];
      if (query.function !== undefined) all.push(where("function", "=", query.function));
      if (query.variant !== undefined) all.push(where("variant", "=", query.variant));
      if (query.status !== undefined) all.push(where("status", "=", query.status));
      if (query.label !== undefined) all.push(where("label", "=", query.label));
      if (query.fallback !== undefined) all.push(where("fallback", "=", query.fallback));
      if (ids !== undefined) all.push(where("id", "in", ids));
      if (query.cursor !== undefined) all.push(where("id", "<", query.cursor));
      return where.and(all);
    })
    .orderBy("id", "desc")
    .limit(query.limit)
    .execute();
}

export async function findInference(
  tx: Tx,
  id: string,
): Promise<{ inference: InferenceRow; body: BodyRow | null; shadows: ShadowRow[] } | null> {
  const inference = await tables(tx)
    .selectFrom("functions_inferences")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  if (inference === undefined) return null;
  const body = await tables(tx)
    .selectFrom("functions_inference_bodies")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  const shadows = await tables(tx)
    .selectFrom("functions_shadows")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("inference_id", "=", id)
    .orderBy("id")
    .execute();
  return { inference, body: body ?? null, shadows };
}

export interface TrafficRow {
  variant: string;
  binding: string | null;
  requests: number;
  fallbacks: number;
  failures: number;
  p50: number | null;
  p99: number | null;
}

/** Newest inferences that the traffic of a function is summed over. */
const trafficRows = 50_000;

export async function sumTraffic(tx: Tx, functionName: string): Promise<TrafficRow[]> {
  const { rows } = await sql<TrafficRow>`
    select variant, binding, count(*)::int as requests, (count(*) filter (where fallback))::int as fallbacks, (count(*) filter (where status = 'failed'))::int as failures,
      percentile_cont(0.5) within group (order by latency_ms) as p50, percentile_cont(0.99) within group (order by latency_ms) as p99
    from (select variant, binding, fallback, status, latency_ms from functions_inferences
      where project_id = ${tx.projectId} and function = ${functionName} and status in ('ok', 'failed') and variant is not null and arm is distinct from 'drill' order by id desc limit ${trafficRows}) as newest
    group by variant, binding order by requests desc`.execute(tx.db);
  return rows;
}

export interface SeriesRange {
  readonly function: string;
  readonly from: string;
  readonly to: string;
  readonly buckets: number;
}

export async function readOccurredRange(tx: Tx, functionName: string): Promise<{ from: string | null; to: string | null }> {
  const { rows } = await sql<{ from: string | null; to: string | null }>`
    select min(occurred_at) as "from", max(occurred_at) as "to" from functions_inferences
    where project_id = ${tx.projectId} and function = ${functionName} and arm is distinct from 'drill'`.execute(tx.db);
  return rows[0]!;
}

export interface BucketRow {
  bucket: number;
  requests: number;
  fallbacks: number;
  p50: number | null;
  p99: number | null;
}

export interface BucketCountRow {
  bucket: number;
  variant: string | null;
  label: string | null;
  requests: number;
}

/** Buckets are numbered from 0; the last one includes its end. */
export async function sumSeries(tx: Tx, range: SeriesRange): Promise<{ totals: BucketRow[]; counts: BucketCountRow[] }> {
  const rows = sql`
    select least(${range.buckets} - 1, floor(extract(epoch from occurred_at - ${range.from}::timestamptz) * ${range.buckets} / greatest(extract(epoch from ${range.to}::timestamptz - ${range.from}::timestamptz), 0.001)))::int as bucket,
      variant, label, fallback, latency_ms
    from functions_inferences
    where project_id = ${tx.projectId} and function = ${range.function} and status in ('ok', 'failed') and arm is distinct from 'drill' and occurred_at >= ${range.from}::timestamptz and occurred_at <= ${range.to}::timestamptz`;
  const totals = await sql<BucketRow>`
    select bucket, count(*)::int as requests, (count(*) filter (where fallback))::int as fallbacks,
      percentile_cont(0.5) within group (order by latency_ms) as p50, percentile_cont(0.99) within group (order by latency_ms) as p99
    from (${rows}) as bucketed group by bucket`.execute(tx.db);
  const counts = await sql<BucketCountRow>`
    select bucket, variant, label, count(*)::int as requests from (${rows}) as bucketed group by bucket, variant, label`.execute(tx.db);
  return { totals: totals.rows, counts: counts.rows };
}

interface IdempotencyRow {
  caller: string;
  function: string;
  key: string;
  project_id: string;
  inference_id: string;
  input_hash: string;
  created_at: string;
}

export async function listIdempotencyKeys(tx: Tx, input: { since: string; limit: number }): Promise<(StoredAnswer & IdempotencyScope)[]> {
  const { rows } =
    await sql<IdempotencyRow>`select * from functions_idempotency where created_at > ${input.since}::timestamptz order by created_at desc limit ${input.limit}`.execute(
      tx.db,
    );
  return rows.map(toStoredAnswer);
}

export async function findIdempotencyKey(tx: Tx, scope: IdempotencyScope): Promise<StoredAnswer | null> {
  const { rows } = await sql<IdempotencyRow>`
    select * from functions_idempotency where project_id = ${scope.projectId} and caller = ${scope.principalId} and function = ${scope.function} and key = ${scope.key}`.execute(
    tx.db,
  );
  return rows[0] === undefined ? null : toStoredAnswer(rows[0]);
}

function toStoredAnswer(row: IdempotencyRow): StoredAnswer & IdempotencyScope {
  return {
    projectId: row.project_id,
    principalId: row.caller,
    function: row.function,
    key: row.key,
    inferenceId: row.inference_id,
    inputHash: row.input_hash,
    createdAt: Date.parse(row.created_at),
  };
}

export async function deleteIdempotencyKeys(tx: Tx, before: string): Promise<void> {
  await sql`delete from functions_idempotency where created_at < ${before}::timestamptz`.execute(tx.db);
}

const recordColumns = `id uuid, "projectId" uuid, function text, status text, variant text, binding text, arm text, release uuid, fallback boolean, label text,
  confidence double precision, error text, "latencyMs" double precision, caller text, "occurredAt" double precision, "recordedAt" double precision,
  input text, output text, steps text, produced text, metadata text`;

/**
 * Stores a batch in both tables with one statement: the batch travels as one JSON text, which costs less than arrays or
 * a parameter a field (57 against 107 and 123 us of CPU a record here). Repeats are no-ops. Salts come from one secret that is
 * forgotten with the batch: a random number a row costs 8 us on the embedded store, this under 1.
 */
export async function insertInferences(tx: Tx, records: readonly unknown[]): Promise<void> {
  await tx.client.query(
    `with batch as materialized (select * from json_to_recordset($1::json) as batch(${recordColumns})),
    narrow as (
      insert into functions_inferences (project_id, id, function, status, variant, binding, arm, release_id, fallback, label, confidence, error, latency_ms, caller, recorded_at, occurred_at)
      select "projectId", id, function, status, variant, binding, arm, release, fallback, label, confidence, error, "latencyMs", caller, to_timestamp("recordedAt" / 1000), to_timestamp("occurredAt" / 1000)
      from batch on conflict do nothing)
    insert into functions_inference_bodies (project_id, id, input, output, steps, produced, metadata, salt)
    select "projectId", id, coalesce(input, 'null'), coalesce(output, 'null'), coalesce(steps, '[]'), coalesce(produced, '{}'), coalesce(metadata, '{}'),
      encode(substr(sha256(convert_to($2 || id, 'UTF8')), 1, 16), 'hex')::uuid
    from batch on conflict do nothing`,
    [toRecordset(records), createSecretText()],
  );
}

/** What a shadow answered that comes when its inference was erased already is not stored. */
export async function insertShadows(tx: Tx, records: readonly unknown[]): Promise<void> {
  const inferences = (records as { inferenceId: string }[]).map((record) => record.inferenceId).toSorted();
  await tx.client.query(
    `insert into functions_shadows (project_id, id, inference_id, function, variant, binding, output, label, confidence, agrees, error, latency_ms, recorded_at)
    select "projectId", id, "inferenceId", function, variant, binding, case when exists (
        select from functions_inference_bodies as body
        where body.project_id = "projectId" and body.id = "inferenceId" and body.id between $2 and $3 and body.erased_hash is not null
      ) then 'null' else coalesce(output, 'null') end, label, confidence, agrees, error, "latencyMs", to_timestamp("recordedAt" / 1000)
    from json_to_recordset($1::json) as batch(id uuid, "projectId" uuid, "inferenceId" uuid, function text, variant text, binding text, output text, label text,
      confidence double precision, agrees boolean, error text, "latencyMs" double precision, "recordedAt" double precision) on conflict do nothing`,
    // The bounds keep all partitions but theirs out of the plan.
    [toRecordset(records), inferences[0], inferences.at(-1)],
  );
}

export async function insertIdempotencyKeys(tx: Tx, records: readonly unknown[]): Promise<void> {
  await tx.client.query(
    `insert into functions_idempotency (project_id, caller, function, key, inference_id, input_hash, created_at)
    select "projectId", caller, function, key, id, "inputHash", to_timestamp("recordedAt" / 1000)
    from json_to_recordset($1::json) as batch(id uuid, "projectId" uuid, caller text, function text, key text, "inputHash" text, "recordedAt" double precision)
    on conflict (project_id, caller, function, key) do update set inference_id = excluded.inference_id, input_hash = excluded.input_hash, created_at = excluded.created_at
      where functions_idempotency.created_at < excluded.created_at - interval '24 hours'`,
    [toRecordset(records)],
  );
}

// As JSON escapes them: NUL and surrogates, of which only lone ones come out of JSON.stringify escaped.
const unholdable = /\\u0000|\\ud[89a-f]/;

/**
 * The batch as one JSON text. PostgreSQL's JSON functions refuse NUL and lone surrogates even in parts they only hand on: a
 * batch that holds one carries its structured fields as JSON texts of their own, and plain text with U+FFFD in their place.
 */
function toRecordset(records: readonly unknown[]): string {
  const text = JSON.stringify(records);
  return unholdable.test(text) ? JSON.stringify(records.map(toHoldable)) : text;
}

function toHoldable(record: unknown): unknown {
  return Object.fromEntries(
    Object.entries(record as Record<string, unknown>).map(([field, value]) => {
      if (typeof value === "string") return [field, value.toWellFormed().replaceAll("\0", "\ufffd")];
      return [field, typeof value === "object" && value !== null ? JSON.stringify(value) : value];
    }),
  );
}

/** Makes a partition unless it exists. By the owner: nobody else may change tables. */
export async function createPartition(owner: Sql["owner"], partition: Partition): Promise<void> {
  const { table, parent, from, to } = partition;
  await owner.query("select functions_create_partition($1, $2, $3, $4)", [table, parent, from, to]);
}
