import type { Estimate } from "@millrace/contract";
import { idTime } from "../core/index.ts";
import { wilson } from "../statistics/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import type { Feedback, FeedbackStats } from "./types.ts";

export interface NewItem {
  readonly id: string;
  readonly inferenceId: string;
  readonly function: string;
  readonly kind: string;
  readonly value: unknown;
  readonly valueHash: string;
  readonly source: string;
  readonly occurredAt: string;
  readonly label: string | null;
}

export interface SaidBefore {
  readonly inferenceId: string;
  readonly kind: string;
  readonly source: string;
  readonly valueHash: string;
  readonly occurredAt: string;
  readonly id: string;
}

type ItemRow = {
  id: string;
  inference_id: string;
  function: string;
  kind: Feedback["kind"];
  value: unknown;
  source: string;
  occurred_at: string;
};

/** Submissions of a project take turns from here to the end of the transaction: whether an item is a repeat must not be decided twice at once. */
export async function lockSubmissions(tx: Tx): Promise<void> {
  await tx.client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`feedback:${tx.projectId}`]);
}

/** The function of each inference that is stored. */
export async function findInferences(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await tx.client.query<{ id: string; function: string }>(
    "select id, function from functions_v_inferences where project_id = $1 and id = any($2::uuid[])",
    [tx.projectId, ids],
  );
  return new Map(rows.map((row) => [row.id, row.function]));
}

export async function findSaidBefore(tx: Tx, inferenceIds: readonly string[]): Promise<SaidBefore[]> {
  const { rows } = await tx.client.query<SaidBefore>(
    `select inference_id as "inferenceId", kind, source, value_hash as "valueHash", occurred_at as "occurredAt", id from feedback_items
    where project_id = $1 and inference_id = any($2::uuid[]) order by occurred_at, id`,
    [tx.projectId, inferenceIds],
  );
  return rows;
}

export async function insertItems(tx: Tx, items: readonly NewItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx.client.query(
    `insert into feedback_items (project_id, id, inference_id, function, kind, value, value_hash, source, occurred_at, created_by)
    select $1, id, "inferenceId", function, kind, value, "valueHash", source, "occurredAt", $2
    from jsonb_to_recordset($3::jsonb) as item(id uuid, "inferenceId" uuid, function text, kind text, value jsonb, "valueHash" text, source text, "occurredAt" timestamptz)`,
    [tx.projectId, tx.principalId, JSON.stringify(items)],
  );
}

/** Keeps the newest label of each inference. Give at most one item an inference. */
export async function upsertLabels(tx: Tx, items: readonly NewItem[]): Promise<void> {
  if (items.length === 0) return;
  const labels = items.map((item) => ({ ...item, recordedAt: new Date(idTime(item.id)).toISOString() }));
  await tx.client.query(
    `insert into feedback_labels as held (project_id, inference_id, function, label, source, item_id, occurred_at, recorded_at)
    select $1, "inferenceId", function, label, source, id, "occurredAt", "recordedAt"
    from jsonb_to_recordset($2::jsonb) as item(id uuid, "inferenceId" uuid, function text, label text, source text, "occurredAt" timestamptz, "recordedAt" timestamptz)
    on conflict (project_id, inference_id) do update
      set label = excluded.label, source = excluded.source, item_id = excluded.item_id, occurred_at = excluded.occurred_at, recorded_at = excluded.recorded_at
      where (held.occurred_at, held.item_id) < (excluded.occurred_at, excluded.item_id)`,
    [tx.projectId, JSON.stringify(labels)],
  );
}

export async function addCounts(
  tx: Tx,
  counts: readonly { readonly function: string; readonly repeated: number; readonly refused: number }[],
): Promise<void> {
  if (counts.length === 0) return;
  await tx.client.query(
    `insert into feedback_counts as held (project_id, function, repeated, refused)
    select $1, function, repeated, refused from jsonb_to_recordset($2::jsonb) as count(function text, repeated bigint, refused bigint)
    on conflict (project_id, function) do update set repeated = held.repeated + excluded.repeated, refused = held.refused + excluded.refused`,
    [tx.projectId, JSON.stringify(counts)],
  );
}

const itemColumns = "id, inference_id, function, kind, value, source, occurred_at";

export async function listItems(
  tx: Tx,
  query: { function?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<Feedback[]> {
  const { rows } = await tx.client.query<ItemRow>(
    `select ${itemColumns} from feedback_items where project_id = $1 and ($2::text is null or function = $2) and ($3::uuid is null or id < $3) order by id desc limit $4`,
    [tx.projectId, query.function ?? null, query.cursor ?? null, query.limit],
  );
  return rows.map(toFeedback);
}

export async function listOfInference(tx: Tx, inferenceId: string): Promise<Feedback[]> {
  const { rows } = await tx.client.query<ItemRow>(
    `select ${itemColumns} from feedback_items where project_id = $1 and inference_id = $2 order by occurred_at, id`,
    [tx.projectId, inferenceId],
  );
  return rows.map(toFeedback);
}

function toFeedback(row: ItemRow): Feedback {
  return {
    id: row.id,
    inferenceId: row.inference_id,
    function: row.function,
    kind: row.kind,
    value: row.value,
    source: row.source,
    occurredAt: row.occurred_at,
    recordedAt: new Date(idTime(row.id)).toISOString(),
  };
}

export async function readStats(tx: Tx, functionName: string | undefined): Promise<FeedbackStats> {
  const { rows } = await tx.client.query<Record<keyof FeedbackStats, string>>(
    `select (select count(*) from feedback_items where project_id = $1 and ($2::text is null or function = $2)) as accepted,
      (select coalesce(sum(repeated), 0) from feedback_counts where project_id = $1 and ($2::text is null or function = $2)) as repeated,
      (select coalesce(sum(refused), 0) from feedback_counts where project_id = $1 and ($2::text is null or function = $2)) as refused,
      (select count(*) from feedback_labels where project_id = $1 and ($2::text is null or function = $2)) as labelled,
      (select count(*) from functions_v_inferences where project_id = $1 and ($2::text is null or function = $2) and status = 'ok'
        and not exists (select from feedback_labels where feedback_labels.project_id = $1 and inference_id = functions_v_inferences.id)) as unlabelled`,
    [tx.projectId, functionName ?? null],
  );
  const row = rows[0]!;
  return {
    accepted: Number(row.accepted),
    repeated: Number(row.repeated),
    refused: Number(row.refused),
    labelled: Number(row.labelled),
    unlabelled: Number(row.unlabelled),
  };
}

export async function countLabels(tx: Tx, query: { function: string; since?: string | undefined }): Promise<number> {
  const { rows } = await tx.client.query<{ count: string }>(
    "select count(*) as count from feedback_labels where project_id = $1 and function = $2 and ($3::timestamptz is null or recorded_at > $3)",
    [tx.projectId, query.function, query.since ?? null],
  );
  return Number(rows[0]!.count);
}

export async function findLabels(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await tx.client.query<{ id: string; label: string }>(
    "select inference_id as id, label from feedback_labels where project_id = $1 and inference_id = any($2::uuid[])",
    [tx.projectId, ids],
  );
  return new Map(rows.map((row) => [row.id, row.label]));
}

export async function listCompared(
  tx: Tx,
  query: { agrees: boolean; function?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string }>(
    `select inference.id from feedback_labels as truth join functions_v_inferences as inference on inference.project_id = truth.project_id and inference.id = truth.inference_id
    where truth.project_id = $1 and ($2::text is null or truth.function = $2) and ($3::uuid is null or inference.id < $3)
      and inference.label is not null and (inference.label = truth.label) = $4
    order by inference.id desc limit $5`,
    [tx.projectId, query.function ?? null, query.cursor ?? null, query.agrees, query.limit],
  );
  return rows.map((row) => row.id);
}

/** Accuracy of the answers within each range of `occurred_at` (from inclusive, to exclusive), where any is labelled. */
export async function readAccuracy(
  tx: Tx,
  functionName: string,
  ranges: readonly { readonly from: string; readonly to: string }[],
): Promise<(Estimate | null)[]> {
  const { rows } = await tx.client.query<{ position: number; total: string; agreed: string }>(
    `select position::int as position, count(*) as total, count(*) filter (where inference.label = truth.label) as agreed
    from jsonb_to_recordset($3::jsonb) as range(position int, "from" timestamptz, "to" timestamptz)
    join functions_v_inferences as inference on inference.project_id = $1 and inference.function = $2 and inference.occurred_at >= range."from" and inference.occurred_at < range."to"
    join feedback_labels as truth on truth.project_id = $1 and truth.inference_id = inference.id
    where inference.label is not null group by position`,
    [tx.projectId, functionName, JSON.stringify(ranges.map((range, position) => ({ ...range, position })))],
  );
  const estimates: (Estimate | null)[] = ranges.map(() => null);
  for (const row of rows) estimates[row.position] = wilson(Number(row.agreed), Number(row.total));
  return estimates;
}

export interface LabelledInference {
  readonly id: string;
  readonly occurredAt: string;
  readonly label: string;
  readonly input: unknown;
}

/** Inferences with their newest label and their input, oldest id first, after `after`. */
export async function listLabelled(
  tx: Tx,
  query: { function: string; until?: string | undefined; after: string | null; limit: number },
): Promise<LabelledInference[]> {
  const { rows } = await tx.client.query<LabelledInference>(
    `select inference.id, inference.occurred_at as "occurredAt", truth.label, body.input
    from functions_v_inferences as inference
    join feedback_labels as truth on truth.project_id = inference.project_id and truth.inference_id = inference.id
    join functions_v_bodies as body on body.project_id = inference.project_id and body.id = inference.id
    where inference.project_id = $1 and inference.function = $2 and inference.status in ('ok', 'failed')
      and ($3::timestamptz is null or inference.occurred_at < $3) and ($4::uuid is null or inference.id > $4)
    order by inference.id limit $5`,
    [tx.projectId, query.function, query.until ?? null, query.after, query.limit],
  );
  return rows;
}

/** Every project that has feedback. One look at the index for each. */
export async function listProjects(sql: Sql): Promise<string[]> {
  const projects: string[] = [];
  for (;;) {
    const next = await sql.system("maintenance", async (tx) => {
      const { rows } = await tx.client.query<{ project_id: string }>(
        "select project_id from feedback_items where $1::uuid is null or project_id > $1 order by project_id limit 1",
        [projects.at(-1) ?? null],
      );
      return rows[0]?.project_id;
    });
    if (next === undefined) return projects;
    projects.push(next);
  }
}

/** The first item at or after a bound. */
export async function firstItem(tx: Tx, from: string): Promise<string | null> {
  const { rows } = await tx.client.query<{ id: string }>(
    "select id from feedback_items where project_id = $1 and id >= $2 order by id limit 1",
    [tx.projectId, from],
  );
  return rows[0]?.id ?? null;
}

/** Items of a range of ids with everything stored of them, in order. */
export async function listStored(
  tx: Tx,
  range: { from: string; to: string; after: string | null; limit: number },
): Promise<{ id: string }[]> {
  const { rows } = await tx.client.query<{ id: string }>(
    `select id, inference_id, function, kind, value, value_hash, source, occurred_at, created_by from feedback_items
    where project_id = $1 and id >= $2 and id < $3 and ($4::uuid is null or id > $4) order by id limit $5`,
    [tx.projectId, range.from, range.to, range.after, range.limit],
  );
  return rows;
}
