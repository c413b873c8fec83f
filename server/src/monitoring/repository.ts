import type { Alert, Signal } from "@millrace/contract";
import { idTime } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import type { Cause, Family } from "./diagnose.ts";
import type { LabelledInput } from "./input-profile.ts";
import type { Measure, Truth } from "./monitors/index.ts";

/** What is kept of a window beside its counts. */
export interface WindowDetail {
  readonly binding: string | null;
  readonly reference: string | null;
  /** All answers by label, those of fallbacks included. */
  readonly labels: Readonly<Record<string, number>>;
  readonly measures: readonly Measure[];
  readonly causes: readonly { readonly family: Family; readonly cause: Cause; readonly strong: boolean }[];
}

export interface StoredWindow {
  readonly position: number;
  readonly startsAt: string;
  readonly endsAt: string;
  /** When the last of its rows happened. */
  readonly latestAt: string;
  readonly requests: number;
  readonly labelled: number;
  readonly agreed: number;
  readonly detail: WindowDetail;
}

const windowColumns = `position, starts_at as "startsAt", ends_at as "endsAt", latest_at as "latestAt", requests, labelled, agreed, detail`;

/** Writers of one function's windows and alerts take turns until the transaction ends. */
export async function lockFunction(tx: Tx, functionName: string): Promise<void> {
  await tx.client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`monitoring:${tx.projectId}:${functionName}`]);
}

/** The newest windows, oldest of them first. */
export async function listWindows(tx: Tx, functionName: string, limit: number): Promise<StoredWindow[]> {
  const { rows } = await tx.client.query<StoredWindow>(
    `select ${windowColumns} from monitoring_windows where project_id = $1 and function = $2 order by position desc limit $3`,
    [tx.projectId, functionName, limit],
  );
  return rows.reverse();
}

export async function findWindow(tx: Tx, functionName: string, position: number): Promise<StoredWindow | null> {
  const { rows } = await tx.client.query<StoredWindow>(
    `select ${windowColumns} from monitoring_windows where project_id = $1 and function = $2 and position = $3`,
    [tx.projectId, functionName, position],
  );
  return rows[0] ?? null;
}

export async function saveWindow(tx: Tx, functionName: string, window: StoredWindow): Promise<void> {
  await tx.client.query(
    `insert into monitoring_windows (project_id, function, position, starts_at, ends_at, latest_at, requests, labelled, agreed, detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)
    on conflict (project_id, function, position) do update set latest_at = excluded.latest_at, requests = excluded.requests, labelled = excluded.labelled, agreed = excluded.agreed, detail = excluded.detail`,
    [
      tx.projectId,
      functionName,
      window.position,
      window.startsAt,
      window.endsAt,
      window.latestAt,
      window.requests,
      window.labelled,
      window.agreed,
      JSON.stringify(window.detail),
    ],
  );
}

// Refused requests were never answered: they say nothing about the function.
const answered = "inference.project_id = $1 and inference.function = $2 and inference.status <> 'refused'";

/**
 * The moment that ends a window of at least `requests` rows from `start` on: that of the first row after them, so that rows of
 * one moment stay together. Null while there is no such row.
 */
export async function findEndByRequests(
  tx: Tx,
  functionName: string,
  input: { start: string | null; requests: number },
): Promise<{ startsAt: string; endsAt: string } | null> {
  const { rows } = await tx.client.query<{ startsAt: string | null; endsAt: string | null }>(
    `with first as (select min(occurred_at) as at from functions_v_inferences as inference where ${answered} and ($3::timestamptz is null or occurred_at >= $3)),
    last as (select occurred_at as at from functions_v_inferences as inference where ${answered} and ($3::timestamptz is null or occurred_at >= $3) order by occurred_at offset $4 limit 1)
    select (select at from first) as "startsAt", (select min(occurred_at) from functions_v_inferences as inference where ${answered} and occurred_at > (select at from last)) as "endsAt"`,
    [tx.projectId, functionName, input.start, input.requests - 1],
  );
  const row = rows[0];
  if (row === undefined || row.startsAt === null || row.endsAt === null) return null;
  return { startsAt: input.start ?? row.startsAt, endsAt: row.endsAt };
}

/** The same by time: the first multiple of `hours` after `start` that leaves enough rows before it and at least one after it. */
export async function findEndByHours(
  tx: Tx,
  functionName: string,
  input: { start: string | null; hours: number; minimumRequests: number },
): Promise<{ startsAt: string; endsAt: string } | null> {
  const enough = await findEndByRequests(tx, functionName, { start: input.start, requests: input.minimumRequests });
  if (enough === null) return null;
  const { rows } = await tx.client.query<{ nth: string; newest: string }>(
    `select (select occurred_at from functions_v_inferences as inference where ${answered} and occurred_at >= $3 order by occurred_at offset $4 limit 1) as nth,
      (select max(occurred_at) from functions_v_inferences as inference where ${answered}) as newest`,
    [tx.projectId, functionName, enough.startsAt, input.minimumRequests - 1],
  );
  const start = Date.parse(enough.startsAt);
  const length = input.hours * 3_600_000;
  const end = start + (Math.floor((Date.parse(rows[0]!.nth) - start) / length) + 1) * length;
  return Date.parse(rows[0]!.newest) < end ? null : { startsAt: enough.startsAt, endsAt: new Date(end).toISOString() };
}

/** Answers by label, and what their true labels say. */
export interface AnswerCounts {
  readonly labels: Readonly<Record<string, number>>;
  readonly truth: Truth;
}

export interface WindowCounts {
  readonly requests: number;
  readonly failed: number;
  readonly fallbacks: number;
  readonly overBudget: number;
  readonly latestAt: string;
  /** The binding most answers came from. */
  readonly binding: string | null;
  /** Every answer. */
  readonly all: AnswerCounts;
  /** Without those of fallbacks, which say nothing about the binding. */
  readonly own: AnswerCounts;
}

export interface Range {
  readonly from: string;
  readonly to: string;
}

const within = `${answered} and inference.occurred_at >= $3 and inference.occurred_at < $4`;

export async function countWindow(tx: Tx, functionName: string, range: Range & { budgetMs: number }): Promise<WindowCounts> {
  const totals = await tx.client.query<{
    requests: string;
    failed: string;
    fallbacks: string;
    over: string;
    latest: string;
    binding: string | null;
  }>(
    `select count(*) as requests, max(occurred_at) as latest, count(*) filter (where status <> 'ok') as failed, count(*) filter (where status = 'ok' and fallback) as fallbacks,
      count(*) filter (where status = 'ok' and latency_ms > $5) as over, mode() within group (order by binding) filter (where status = 'ok' and not fallback) as binding
    from functions_v_inferences as inference where ${within}`,
    [tx.projectId, functionName, range.from, range.to, range.budgetMs],
  );
  const answers = await countAnswers(tx, functionName, range);
  const row = totals.rows[0]!;
  return {
    requests: Number(row.requests),
    failed: Number(row.failed),
    fallbacks: Number(row.fallbacks),
    overBudget: Number(row.over),
    latestAt: row.latest,
    binding: row.binding,
    all: sumAnswers(answers),
    own: sumAnswers(answers.filter((each) => !each.fallback)),
  };
}

interface AnswerRow {
  readonly label: string | null;
  readonly fallback: boolean;
  readonly truth: string | null;
  readonly n: number;
}

async function countAnswers(tx: Tx, functionName: string, range: Range): Promise<AnswerRow[]> {
  const { rows } = await tx.client.query<AnswerRow>(
    `select inference.label, inference.fallback, truth.label as truth, count(*)::int as n
    from functions_v_inferences as inference left join feedback_v_labels as truth on truth.project_id = inference.project_id and truth.inference_id = inference.id
    where ${within} and inference.status = 'ok' group by inference.label, inference.fallback, truth.label`,
    [tx.projectId, functionName, range.from, range.to],
  );
  return rows;
}

function sumAnswers(rows: readonly AnswerRow[]): AnswerCounts {
  // Without a prototype: a label may be called `constructor`.
  const labels = Object.create(null) as Record<string, number>;
  const byLabel = Object.create(null) as Record<string, { n: number; right: number }>;
  let labelled = 0;
  let agreed = 0;
  for (const { label, truth, n } of rows) {
    labels[label ?? ""] = (labels[label ?? ""] ?? 0) + n;
    if (truth === null) continue;
    const right = label === truth ? n : 0;
    labelled += n;
    agreed += right;
    const entry = (byLabel[truth] ??= { n: 0, right: 0 });
    entry.n += n;
    entry.right += right;
  }
  return { labels, truth: { labelled, agreed, byLabel } };
}

/** What tells that evidence or labels of a function have changed: equal marks, no change. */
export async function readChangeMark(tx: Tx, functionName: string): Promise<string> {
  const { rows } = await tx.client.query<{ mark: string }>(
    `select concat_ws('/', (select max(recorded_at) from feedback_v_labels where project_id = $1 and function = $2),
      (select id from functions_v_inferences where project_id = $1 and function = $2 order by id desc limit 1)) as mark`,
    [tx.projectId, functionName],
  );
  return rows[0]!.mark;
}

/** Windows among these whose rows or labels are no longer as many, or no longer as right, as when they were measured. */
export async function findChanged(
  tx: Tx,
  functionName: string,
  windows: readonly StoredWindow[],
): Promise<{ position: number; rowsChanged: boolean }[]> {
  if (windows.length === 0) return [];
  const { rows } = await tx.client.query<{ position: number; rowsChanged: boolean }>(
    `select position, requests <> total as "rowsChanged" from (
      select stored.position, stored.requests, stored.labelled, stored.agreed, count(*) as total, count(truth.label) filter (where inference.status = 'ok') as labels,
        count(*) filter (where inference.status = 'ok' and truth.label = inference.label) as right
      from monitoring_windows as stored
      join functions_v_inferences as inference on ${answered} and inference.occurred_at >= stored.starts_at and inference.occurred_at < stored.ends_at
      left join feedback_v_labels as truth on truth.project_id = $1 and truth.inference_id = inference.id
      where stored.project_id = $1 and stored.function = $2 and stored.position >= $3
      group by stored.position, stored.requests, stored.labelled, stored.agreed) as counted
    where requests <> total or labelled <> labels or agreed <> "right" order by position`,
    [tx.projectId, functionName, windows[0]!.position],
  );
  return rows;
}

/** Inputs of a window's own answers, by id. */
export async function listInputs(
  tx: Tx,
  functionName: string,
  query: Range & { after: string | null; limit: number },
): Promise<(LabelledInput & { id: string })[]> {
  const { rows } = await tx.client.query<LabelledInput & { id: string }>(
    `select inference.id, inference.label, body.input from functions_v_inferences as inference
    join functions_v_bodies as body on body.project_id = inference.project_id and body.id = inference.id
    where ${within} and inference.status = 'ok' and not inference.fallback and ($5::uuid is null or inference.id > $5) order by inference.id limit $6`,
    [tx.projectId, functionName, query.from, query.to, query.after, query.limit],
  );
  return rows;
}

export interface AlertRow {
  readonly id: string;
  readonly function: string;
  readonly family: Family;
  readonly cause: Cause;
  readonly title: string;
  readonly status: Alert["status"];
  readonly owner: string;
  readonly playbook: string;
  readonly signals: readonly Signal[];
  readonly workflowId: string | null;
  readonly resolvedPosition: number | null;
}

const alertColumns = `id, function, family, cause, title, status, owner, playbook, signals, workflow_id as "workflowId", resolved_position as "resolvedPosition"`;

export async function findActiveAlerts(tx: Tx, functionName: string): Promise<AlertRow[]> {
  const { rows } = await tx.client.query<AlertRow>(
    `select ${alertColumns} from monitoring_alerts where project_id = $1 and function = $2 and status <> 'resolved'`,
    [tx.projectId, functionName],
  );
  return rows;
}

/** The newest window at the moment the family's last alert was resolved; null when there was none. */
export async function findResolvedPosition(tx: Tx, functionName: string, family: Family): Promise<number | null> {
  const { rows } = await tx.client.query<{ position: number | null }>(
    "select max(resolved_position) as position from monitoring_alerts where project_id = $1 and function = $2 and family = $3",
    [tx.projectId, functionName, family],
  );
  return rows[0]!.position;
}

export async function insertAlert(tx: Tx, alert: AlertRow): Promise<void> {
  await tx.client.query(
    `insert into monitoring_alerts (project_id, id, function, family, cause, title, status, owner, playbook, signals) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)`,
    [
      tx.projectId,
      alert.id,
      alert.function,
      alert.family,
      alert.cause,
      alert.title,
      alert.status,
      alert.owner,
      alert.playbook,
      JSON.stringify(alert.signals),
    ],
  );
}

/** Counts a window to an alert, and keeps its signals if it is the newest of them. */
export async function linkWindow(tx: Tx, alertId: string, window: { position: number; signals: readonly Signal[] }): Promise<void> {
  await tx.client.query(
    "insert into monitoring_alert_windows (project_id, alert_id, position) values ($1, $2, $3) on conflict do nothing",
    [tx.projectId, alertId, window.position],
  );
  await tx.client.query(
    `update monitoring_alerts set signals = $3::jsonb where project_id = $1 and id = $2
      and not exists (select from monitoring_alert_windows where project_id = $1 and alert_id = $2 and position > $4)`,
    [tx.projectId, alertId, JSON.stringify(window.signals), window.position],
  );
}

export async function setAlertStatus(
  tx: Tx,
  id: string,
  change: { status: Alert["status"]; note: string | null; resolvedPosition: number | null },
): Promise<void> {
  await tx.client.query(
    "update monitoring_alerts set status = $3, note = coalesce($4, note), resolved_position = $5 where project_id = $1 and id = $2",
    [tx.projectId, id, change.status, change.note, change.resolvedPosition],
  );
}

export async function setAlertWorkflow(tx: Tx, id: string, workflowId: string): Promise<void> {
  await tx.client.query("update monitoring_alerts set workflow_id = $3 where project_id = $1 and id = $2", [tx.projectId, id, workflowId]);
}

/** Newest first; one of them when `id` is given. */
export async function listAlerts(
  tx: Tx,
  query: { id?: string; function?: string | undefined; status?: Alert["status"] | undefined },
): Promise<Alert[]> {
  const { rows } = await tx.client.query<AlertRow & { occurredFrom: string; occurredTo: string; windows: string }>(
    `select ${alertColumns
      .split(", ")
      .map((column) => `alert.${column}`)
      .join(", ")}, seen.*
    from monitoring_alerts as alert
    join lateral (select min(shown.starts_at) as "occurredFrom", max(shown.latest_at) as "occurredTo", count(*) as windows
      from monitoring_alert_windows as link join monitoring_windows as shown on shown.project_id = $1 and shown.function = alert.function and shown.position = link.position
      where link.project_id = $1 and link.alert_id = alert.id) as seen on true
    where alert.project_id = $1 and ($2::uuid is null or alert.id = $2) and ($3::text is null or alert.function = $3) and ($4::text is null or alert.status = $4)
    order by alert.id desc limit 500`,
    [tx.projectId, query.id ?? null, query.function ?? null, query.status ?? null],
  );
  return rows.map((row) => ({
    id: row.id,
    function: row.function,
    cause: row.cause,
    title: row.title,
    status: row.status,
    owner: row.owner,
    playbook: row.playbook,
    openedAt: new Date(idTime(row.id)).toISOString(),
    occurredFrom: row.occurredFrom,
    occurredTo: row.occurredTo,
    windows: Number(row.windows),
    signals: [...row.signals],
    workflowId: row.workflowId,
  }));
}
