import type { Expression, SqlBool } from "kysely";
import { createSecretText } from "../core/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import type { Partition } from "./partitions.ts";
import { toRecordset } from "./recordset.ts";
import type { InferencesQuery } from "./types.ts";

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
  functions_inferences: InferenceRow;
  functions_inference_bodies: BodyRow;
  functions_shadows: ShadowRow;
};

function tables(tx: Tx) {
  return tx.db.withTables<Tables>();
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

/** Makes a partition unless it exists. By the owner: nobody else may change tables. */
export async function createPartition(owner: Sql["owner"], partition: Partition): Promise<void> {
  const { table, parent, from, to } = partition;
  await owner.query("select functions_create_partition($1, $2, $3, $4)", [table, parent, from, to]);
}
