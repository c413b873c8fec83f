import { sql } from "kysely";
import type { Tx } from "../../storage/index.ts";
import type { Batch } from "./types.ts";

/** Of a batch through a provider. */
export interface ProviderFacts {
  readonly target: string;
  readonly fallback: "error" | "ask";
  /** Milliseconds: from then on it may have been sent. */
  readonly sentAt?: number;
  /** The provider's. */
  readonly id?: string;
  readonly status?: string;
}

// A type alias: kysely's constraint asks for an index signature, which interfaces lack.
export type BatchRecord = {
  readonly project_id: string;
  readonly id: string;
  readonly function: string;
  readonly status: Batch["status"];
  readonly source: string;
  readonly rows_hash: string | null;
  readonly map: Readonly<Record<string, string>> | null;
  readonly concurrency: number;
  readonly deadline_ms: number | null;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly cost: string | null;
  readonly unpriced: number;
  readonly rate: number | null;
  readonly waiting: Batch["waiting"];
  readonly error: Batch["error"];
  readonly cancelled_by: string | null;
  readonly provider: ProviderFacts | null;
  readonly result: Batch["result"];
  readonly workflow_id: string;
  readonly created_by: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
};
type Tables = { functions_batches: BatchRecord };

function tables(tx: Tx) {
  return tx.db.withTables<Tables>();
}

/** The driver would write an object in its own syntax. */
function json(value: unknown): never {
  return (value === null ? null : JSON.stringify(value)) as never;
}

export type NewBatch = Pick<
  BatchRecord,
  "id" | "function" | "source" | "rows_hash" | "map" | "concurrency" | "deadline_ms" | "total" | "provider" | "workflow_id"
>;

export async function insertBatch(tx: Tx, batch: NewBatch): Promise<void> {
  const row = {
    ...batch,
    map: json(batch.map),
    provider: json(batch.provider),
    project_id: tx.projectId,
    created_by: tx.principalId,
    status: "queued" as const,
  };
  await tables(tx)
    .insertInto("functions_batches")
    .values(row as never)
    .execute();
}

export async function findBatch(tx: Tx, id: string): Promise<BatchRecord | null> {
  const query = tables(tx).selectFrom("functions_batches").selectAll().where("project_id", "=", tx.projectId).where("id", "=", id);
  return (await query.executeTakeFirst()) ?? null;
}

/** Newest first. */
export async function listBatches(
  tx: Tx,
  query: { function: string; limit: number; cursor?: string | undefined },
): Promise<{ items: BatchRecord[]; next: string | null }> {
  let select = tables(tx)
    .selectFrom("functions_batches")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("function", "=", query.function)
    .orderBy("id", "desc")
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit);
  return { items, next: rows.length > query.limit ? items.at(-1)!.id : null };
}

/** False when it has ended already. */
export async function markCancelled(tx: Tx, id: string): Promise<boolean> {
  const changed = await sql`
    update functions_batches set cancelled_by = coalesce(cancelled_by, ${tx.principalId})
    where project_id = ${tx.projectId} and id = ${id} and ended_at is null returning id`.execute(tx.db);
  return changed.rows.length > 0;
}

/** What its workflow runs from: the blob of its rows, and that it began. */
export async function markStarted(tx: Tx, batch: { id: string; rowsHash: string }): Promise<void> {
  await sql`
    update functions_batches set rows_hash = ${batch.rowsHash}, status = 'running', started_at = coalesce(started_at, now())
    where project_id = ${tx.projectId} and id = ${batch.id}`.execute(tx.db);
}

export async function noteProvider(tx: Tx, id: string, facts: Partial<ProviderFacts>): Promise<void> {
  await sql`
    update functions_batches set provider = (provider::jsonb || ${JSON.stringify(facts)}::jsonb)::json
    where project_id = ${tx.projectId} and id = ${id}`.execute(tx.db);
}

/** What providers call the batches that are known to be ours. */
export async function knownProviderIds(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select provider->>'id' as id from functions_batches
    where project_id = ${tx.projectId} and provider->>'id' is not null`.execute(tx.db);
  return rows.map(({ id }) => id);
}

export interface AnsweredRow {
  readonly row: number;
  readonly status: "ok" | "failed";
  /** Its line of the result. */
  readonly line: string;
  /** Null where no model was asked; `unknown` where one was and its price is not known. */
  readonly cost: string | null;
}

/** Which of the rows after `from`, up to `to`, are answered. */
export async function answeredRows(tx: Tx, range: { id: string; from: number; to: number }): Promise<Set<number>> {
  const { rows } = await sql<{ row: number }>`
    select row from functions_batch_rows
    where project_id = ${tx.projectId} and batch_id = ${range.id} and row > ${range.from} and row <= ${range.to}`.execute(tx.db);
  return new Set(rows.map(({ row }) => row));
}

export interface Progress {
  readonly id: string;
  readonly answered: readonly AnsweredRow[];
  readonly rate: number | null;
  readonly waiting: Batch["waiting"];
}

/** Keeps answers and counts them once, however often they come. Answers whether somebody wants the batch to end. */
export async function keepProgress(tx: Tx, progress: Progress): Promise<{ cancelled: boolean }> {
  const { id, answered } = progress;
  const stored = answered.length === 0 ? new Set<number>() : await insertRows(tx, id, answered);
  const kept = answered.filter(({ row }) => stored.has(row));
  const done = kept.filter(({ status }) => status === "ok").length;
  const costs = kept.flatMap(({ cost }) => (cost === null || cost === "unknown" ? [] : [cost]));
  const unpriced = kept.filter(({ cost }) => cost === "unknown").length;
  const { rows } = await sql<{ cancelled_by: string | null }>`
    update functions_batches set done = done + ${done}, failed = failed + ${kept.length - done}, unpriced = unpriced + ${unpriced},
      cost = case when ${costs.length}::integer = 0 then cost
        else coalesce(cost, 0) + (select sum(each::numeric) from json_array_elements_text(${JSON.stringify(costs)}::json) each) end,
      rate = ${progress.rate}, waiting = ${json(progress.waiting)}::json,
      status = case when status in ('running', 'paused') then ${progress.waiting === null ? "running" : "paused"} else status end
    where project_id = ${tx.projectId} and id = ${id} returning cancelled_by`.execute(tx.db);
  return { cancelled: (rows[0]?.cancelled_by ?? null) !== null };
}

async function insertRows(tx: Tx, id: string, answered: readonly AnsweredRow[]): Promise<Set<number>> {
  const { rows } = await sql<{ row: number }>`
    insert into functions_batch_rows (project_id, batch_id, row, line)
    select ${tx.projectId}, ${id}, row, line
    from json_to_recordset(${JSON.stringify(answered.map(({ row, line }) => ({ row, line })))}::json) as given (row integer, line text)
    on conflict do nothing returning row`.execute(tx.db);
  return new Set(rows.map(({ row }) => row));
}

/** Changes the line of a row that waits to become a result; nothing where there is none. */
export async function replaceLine(tx: Tx, { id, row }: { id: string; row: number }, change: (line: string) => string): Promise<void> {
  const { rows } = await sql<{ line: string }>`
    select line from functions_batch_rows
    where project_id = ${tx.projectId} and batch_id = ${id} and row = ${row} for update`.execute(tx.db);
  if (rows.length === 0) return;
  await sql`
    update functions_batch_rows set line = ${change(rows[0]!.line)}
    where project_id = ${tx.projectId} and batch_id = ${id} and row = ${row}`.execute(tx.db);
}

/** False where the result is another one by now. */
export async function replaceResult(
  tx: Tx,
  { id, before, result }: { id: string; before: string; result: NonNullable<Batch["result"]> },
): Promise<boolean> {
  const changed = await sql`
    update functions_batches set result = ${json(result)}::json
    where project_id = ${tx.projectId} and id = ${id} and result->'jsonl'->>'hash' = ${before} returning id`.execute(tx.db);
  return changed.rows.length > 0;
}

/** Lines of the result after a row, in order. */
export async function readLinesAfter(
  tx: Tx,
  query: { id: string; after: number; limit: number },
): Promise<{ row: number; line: string }[]> {
  const { rows } = await sql<{ row: number; line: string }>`
    select row, line from functions_batch_rows
    where project_id = ${tx.projectId} and batch_id = ${query.id} and row > ${query.after} order by row limit ${query.limit}`.execute(
    tx.db,
  );
  return rows;
}

export interface BatchEnd {
  readonly id: string;
  readonly status: "succeeded" | "failed" | "cancelled";
  readonly error: Batch["error"];
  readonly result: Batch["result"];
}

/** The end, once: rows that are in the result leave their table. False when it had ended before. */
export async function endBatch(tx: Tx, end: BatchEnd): Promise<boolean> {
  const changed = await sql`
    update functions_batches set status = ${end.status}, error = ${json(end.error)}::json, result = ${json(end.result)}::json,
      total = case when ${end.status} = 'succeeded' then done + failed else total end, rate = null, waiting = null, ended_at = now()
    where project_id = ${tx.projectId} and id = ${end.id} and ended_at is null returning id`.execute(tx.db);
  if (changed.rows.length === 0) return false;
  if (end.result !== null)
    await sql`delete from functions_batch_rows where project_id = ${tx.projectId} and batch_id = ${end.id}`.execute(tx.db);
  return true;
}

/** An answer that an earlier run got and did not keep, as the evidence has it. */
export interface EarlierAnswer {
  readonly key: string;
  readonly inferenceId: string;
  readonly variant: string | null;
  readonly binding: string | null;
  readonly fallback: boolean;
  readonly latencyMs: number;
  /** JSON texts; null where the body is gone. */
  readonly output: string | null;
  readonly produced: string | null;
}

/** What the transaction's principal was answered under these idempotency keys. */
export async function findEarlierAnswers(tx: Tx, given: { function: string; keys: readonly string[] }): Promise<EarlierAnswer[]> {
  const { rows } = await sql<EarlierAnswer>`
    select k.key, i.id as "inferenceId", i.variant, i.binding, i.fallback, i.latency_ms as "latencyMs", b.output, b.produced
    from functions_idempotency k
    join functions_inferences i on i.project_id = k.project_id and i.id = k.inference_id
    left join functions_inference_bodies b on b.project_id = i.project_id and b.id = i.id and b.erased_hash is null
    where k.project_id = ${tx.projectId} and k.caller = ${tx.principalId} and k.function = ${given.function}
      and k.key = any(${given.keys}::text[])`.execute(tx.db);
  return rows;
}
