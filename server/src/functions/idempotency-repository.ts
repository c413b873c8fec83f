import { sql } from "kysely";
import type { Tx } from "../storage/index.ts";
import type { IdempotencyScope, StoredAnswer } from "./idempotency.ts";
import { toRecordset } from "./recordset.ts";

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
