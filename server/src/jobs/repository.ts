import type { Node } from "@millrace/contract";
import { idTime } from "../core/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { processOf } from "./to-wire.ts";
import type { Event, Role, Schedule } from "./types.ts";

export interface NodeRow {
  readonly executorId: string;
  readonly nodeId: string;
  readonly role: Role;
  readonly host: string;
  readonly configHash: string;
  readonly version: string;
}

/** Says that this node lives. A node that was taken for dead meanwhile comes back with a clean row. */
export async function beat(tx: Tx, node: NodeRow, readyBindings: readonly string[]): Promise<void> {
  await tx.client.query(
    `insert into jobs_nodes (executor_id, node_id, role, host, config_hash, version, ready_bindings) values ($1, $2, $3, $4, $5, $6, $7::jsonb)
     on conflict (executor_id) do update set heartbeat_at = now(), ready_bindings = excluded.ready_bindings, taken_by = null, taken_at = null`,
    [node.executorId, node.nodeId, node.role, node.host, node.configHash, node.version, JSON.stringify(readyBindings)],
  );
}

/** Ends this node's claim to life: the next node that looks takes its work. */
export async function leave(tx: Tx, executorId: string): Promise<void> {
  await tx.client.query("update jobs_nodes set heartbeat_at = 'epoch' where executor_id = $1", [executorId]);
  await tx.client.query("delete from jobs_leases where holder = $1", [executorId]);
}

/** Takes every node that was silent for too long; a taker that died itself is overtaken in the same way. */
export async function takeSilent(tx: Tx, executorId: string, staleAfterMs: number): Promise<string[]> {
  const { rows } = await tx.client.query<{ executor_id: string }>(
    `update jobs_nodes set taken_by = $1, taken_at = now()
     where executor_id <> $1 and heartbeat_at <= now() - $2 * interval '1 millisecond'
       and (taken_at is null or taken_at <= now() - $2 * interval '1 millisecond')
     returning executor_id`,
    [executorId, staleAfterMs],
  );
  return rows.map((row) => row.executor_id);
}

/** Forgets a node whose work was recovered, unless it came back meanwhile. */
export async function forgetNode(tx: Tx, executorId: string, takenBy: string): Promise<void> {
  await tx.client.query("delete from jobs_nodes where executor_id = $1 and taken_by = $2", [executorId, takenBy]);
}

interface NodeRecord {
  executor_id: string;
  node_id: string;
  role: Role;
  host: string;
  started_at: string;
  heartbeat_at: string;
  alive: boolean;
  config_hash: string;
  version: string;
  ready_bindings: string[];
}

export async function listNodes(tx: Tx, staleAfterMs: number): Promise<Node[]> {
  const { rows } = await tx.client.query<NodeRecord>(
    `select executor_id, node_id, role, host, started_at, heartbeat_at, heartbeat_at > now() - $1 * interval '1 millisecond' as alive, config_hash, version, ready_bindings
     from jobs_nodes order by started_at, executor_id`,
    [staleAfterMs],
  );
  return rows.map((row) => ({
    id: processOf(row.executor_id),
    name: row.node_id,
    role: row.role,
    host: row.host,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
    alive: row.alive,
    configHash: row.config_hash,
    version: row.version,
    readyBindings: row.ready_bindings,
  }));
}

/** Takes or renews a lease; false when another holds it. */
export async function holdLease(tx: Tx, lease: { name: string; holder: string; ms: number }): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into jobs_leases (name, holder, expires_at) values ($1, $2, now() + $3 * interval '1 millisecond')
     on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
     where jobs_leases.holder = excluded.holder or jobs_leases.expires_at <= now()
     returning name`,
    [lease.name, lease.holder, lease.ms],
  );
  return rowCount > 0;
}

/** For a store that only one process can open. */
export async function dropLeases(tx: Tx): Promise<void> {
  await tx.client.query("delete from jobs_leases");
}

export interface ScheduleRun {
  readonly name: string;
  readonly everyMs: number;
  /** ISO 8601; null when it did not run since the last call. */
  readonly lastRunAt: string | null;
}

export async function noteSchedules(tx: Tx, runs: readonly ScheduleRun[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.client.query(
    `insert into jobs_schedules (name, every_ms, last_run_at)
     select name, every_ms, last_run_at from jsonb_to_recordset($1::jsonb) as run (name text, every_ms integer, last_run_at timestamptz)
     on conflict (name) do update set every_ms = excluded.every_ms, last_run_at = coalesce(excluded.last_run_at, jobs_schedules.last_run_at)`,
    [JSON.stringify(runs.map((run) => ({ name: run.name, every_ms: run.everyMs, last_run_at: run.lastRunAt })))],
  );
}

export async function listSchedules(tx: Tx): Promise<Schedule[]> {
  const { rows } = await tx.client.query<{ name: string; every_ms: number; last_run_at: string | null }>(
    "select name, every_ms, last_run_at from jobs_schedules order by name",
  );
  return rows.map((row) => ({ name: row.name, everySeconds: row.every_ms / 1000, lastRunAt: row.last_run_at }));
}

export async function insertEvent(tx: Tx, event: { id: string; type: string; subject: string; payload: unknown }): Promise<void> {
  await tx.client.query("insert into jobs_events (project_id, id, type, subject, payload) values ($1, $2, $3, $4, $5::jsonb)", [
    tx.projectId,
    event.id,
    event.type,
    event.subject,
    JSON.stringify(event.payload ?? null),
  ]);
}

export async function listEvents(tx: Tx, page: { limit: number; before: string | undefined }): Promise<Event[]> {
  const { rows } = await tx.client.query<{ id: string; type: string; subject: string; payload: unknown }>(
    "select id, type, subject, payload from jobs_events where project_id = $1 and ($2::uuid is null or id < $2::uuid) order by id desc limit $3",
    [tx.projectId, page.before ?? null, page.limit],
  );
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    subject: row.subject,
    at: new Date(idTime(row.id)).toISOString(),
    payload: row.payload,
  }));
}

export interface EffectKey {
  readonly projectId: string;
  readonly workflowId: string;
  readonly step: string;
}

/** True when this transaction is the one to run the effect. Another transaction that is running it is waited for. */
export async function claimEffect(tx: Tx, key: EffectKey): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    "insert into jobs_effects (project_id, workflow_id, step) values ($1, $2, $3) on conflict do nothing returning step",
    [key.projectId, key.workflowId, key.step],
  );
  return rowCount > 0;
}

export async function storeEffect(tx: Tx, key: EffectKey, result: unknown): Promise<void> {
  await tx.client.query("update jobs_effects set result = $4::jsonb where project_id = $1 and workflow_id = $2 and step = $3", [
    key.projectId,
    key.workflowId,
    key.step,
    JSON.stringify(result ?? null),
  ]);
}

export async function readEffect(tx: Tx, key: EffectKey): Promise<unknown> {
  const { rows } = await tx.client.query<{ result: unknown }>(
    "select result from jobs_effects where project_id = $1 and workflow_id = $2 and step = $3",
    [key.projectId, key.workflowId, key.step],
  );
  return rows[0]?.result;
}

export interface Intent {
  readonly projectId: string;
  readonly id: string;
  readonly workflowId: string;
  readonly action: "cancel" | "resume";
}

/** Writes an intent; earlier ones for the same workflow are settled by it. */
export async function insertIntent(tx: Tx, intent: Intent): Promise<void> {
  await tx.client.query("update jobs_intents set done_at = now() where project_id = $1 and workflow_id = $2 and done_at is null", [
    intent.projectId,
    intent.workflowId,
  ]);
  await tx.client.query("insert into jobs_intents (project_id, id, workflow_id, action) values ($1, $2, $3, $4)", [
    intent.projectId,
    intent.id,
    intent.workflowId,
    intent.action,
  ]);
}

export async function settleIntent(tx: Tx, intent: Intent): Promise<void> {
  await tx.client.query("update jobs_intents set done_at = now() where project_id = $1 and id = $2", [intent.projectId, intent.id]);
}

/** Intents whose call may never have been made. */
export async function openIntents(tx: Tx, olderThan: string): Promise<Intent[]> {
  const { rows } = await tx.client.query<{ project_id: string; id: string; workflow_id: string; action: "cancel" | "resume" }>(
    "select project_id, id, workflow_id, action from jobs_intents where done_at is null and id < $1 order by id limit 100",
    [olderThan],
  );
  return rows.map((row) => ({ projectId: row.project_id, id: row.id, workflowId: row.workflow_id, action: row.action }));
}

/** The schema of the engine's own tables, beside ours: `dbos`, or `<schema>_dbos` where ours is not `public`. */
export async function engineSchema(sql: Sql): Promise<string> {
  const { rows } = await sql.owner.query<{ schema: string }>("select current_schema() as schema");
  const schema = rows[0]!.schema;
  return schema === "public" ? "dbos" : `${schema}_dbos`;
}

export interface WorkflowPlace {
  /** Milliseconds since the epoch, by the clock of the node that started it. */
  readonly createdAt: number;
  readonly id: string;
}

export interface WorkflowPlacesQuery {
  readonly schema: string;
  readonly projectId: string;
  readonly after: WorkflowPlace | null;
  readonly limit: number;
  readonly name: string | undefined;
  readonly engineStatuses: readonly string[] | undefined;
}

/**
 * Which workflows stand on a page, newest first; those of one millisecond by id. The engine's own list has neither an order among
 * those nor a place to go on from: pages by offset skip and repeat while others start.
 */
export async function listWorkflowPlaces(sql: Sql, query: WorkflowPlacesQuery): Promise<WorkflowPlace[]> {
  const { rows } = await sql.owner.query<{ id: string; created_at: string | number }>(
    `select workflow_uuid as id, created_at from "${query.schema}".workflow_status
     where attributes @> $1::jsonb and ($2::text is null or name = $2) and ($3::text[] is null or status = any($3::text[]))
       and ($4::bigint is null or (created_at, workflow_uuid collate "C") < ($4::bigint, $5::text collate "C"))
     order by created_at desc, workflow_uuid collate "C" desc limit $6`,
    [
      JSON.stringify({ project: query.projectId }),
      query.name ?? null,
      query.engineStatuses ?? null,
      query.after?.createdAt ?? null,
      query.after?.id ?? null,
      query.limit,
    ],
  );
  return rows.map((row) => ({ id: row.id, createdAt: Number(row.created_at) }));
}

/**
 * Lets a transaction of ours enqueue a workflow: insert, and read back what says whether it was there. Not its input and
 * not its output, which may belong to another project.
 */
export async function grantEnqueue(sql: Sql, schema: string): Promise<void> {
  const roles = "millrace_app, millrace_system";
  await sql.owner.query(`
    do $grant$ begin
      perform pg_advisory_xact_lock(7269001);
      if not has_table_privilege('millrace_system', '${schema}.workflow_input', 'insert') then
        grant usage on schema "${schema}" to ${roles};
        grant insert on "${schema}".workflow_status, "${schema}".workflow_input to ${roles};
        grant select (workflow_uuid, status, name, class_name, config_name, queue_name, executor_id, creator_xid, serialization), update (creator_xid) on "${schema}".workflow_status to ${roles};
        grant select (workflow_uuid) on "${schema}".workflow_input to ${roles};
      end if;
    end $grant$`);
}
