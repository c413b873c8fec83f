import { createId, idTime } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import type { Model, ModelSignature, ModelVersion, MoveAlias, Page, Run, RunsQuery } from "./types.ts";

type Metrics = Run["metrics"];

// Type aliases: kysely's constraint asks for an index signature, which interfaces lack.
type RunRow = {
  readonly project_id: string;
  readonly id: string;
  readonly model: string;
  readonly trainer: string;
  readonly dataset: string;
  readonly parameters: Record<string, unknown>;
  /** A bigint: text on the way back. */
  readonly seed: number | string;
  readonly status: Run["status"];
  readonly error: string | null;
  readonly progress: Run["progress"];
  readonly version: number | null;
  readonly metrics: Metrics;
  readonly train_seconds: number | null;
  readonly row_losses: string | null;
  readonly git_commit: string | null;
  readonly environment: Record<string, string>;
  readonly workflow_id: string | null;
  readonly created_by: string;
};
type VersionRow = {
  readonly project_id: string;
  readonly id: string;
  readonly model: string;
  readonly version: number;
  readonly hash: string;
  /** A bigint: text on the way back. */
  readonly bytes: number | string;
  readonly signature: ModelSignature;
  readonly card: string;
  readonly dataset: string;
  readonly run_id: string | null;
  readonly metrics: Metrics;
  readonly created_by: string;
};
type Tables = {
  models_runs: RunRow;
  models_models: { project_id: string; id: string; name: string; latest_version: number };
  models_versions: VersionRow;
  models_aliases: { project_id: string; model: string; alias: string; version: number };
  models_alias_history: {
    project_id: string;
    id: string;
    model: string;
    alias: string;
    from_version: number | null;
    to_version: number;
    reason: string;
    changed_by: string;
  };
};

function tables(tx: Tx) {
  return tx.db.withTables<Tables>();
}

/** The driver would write an array or object in its own syntax. */
function json(value: unknown): never {
  return JSON.stringify(value) as never;
}

export type NewRun = Pick<Run, "id" | "model" | "trainer" | "dataset" | "parameters" | "seed" | "gitCommit" | "environment" | "workflowId">;

export async function insertRun(tx: Tx, run: NewRun): Promise<void> {
  await tables(tx)
    .insertInto("models_runs")
    .values({
      project_id: tx.projectId,
      id: run.id,
      model: run.model,
      trainer: run.trainer,
      dataset: run.dataset,
      parameters: json(run.parameters),
      seed: run.seed,
      status: "running",
      error: null,
      progress: null,
      version: null,
      metrics: null,
      train_seconds: null,
      row_losses: null,
      git_commit: run.gitCommit,
      environment: json(run.environment),
      workflow_id: run.workflowId,
      created_by: tx.principalId,
    })
    .execute();
}

/** It trains, again perhaps. */
export async function reopenRun(tx: Tx, id: string): Promise<void> {
  await tables(tx)
    .updateTable("models_runs")
    .set({ status: "running", error: null, progress: null })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .execute();
}

/** One that ended keeps its end. */
export async function failRun(tx: Tx, id: string, error: string): Promise<void> {
  await tables(tx)
    .updateTable("models_runs")
    .set({ status: "failed", error, progress: null })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .where("status", "=", "running")
    .execute();
}

/** Of a run that still trains; one that ended meanwhile keeps its end. */
export async function setProgress(tx: Tx, id: string, progress: NonNullable<Run["progress"]>): Promise<void> {
  await tables(tx)
    .updateTable("models_runs")
    .set({ progress: json(progress) })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .where("status", "=", "running")
    .execute();
}

export interface FinishedRun {
  readonly metrics: NonNullable<Metrics>;
  readonly trainSeconds: number;
  readonly version: number | null;
  /** The blob of what each row held back cost. */
  readonly rowLosses: string;
}

export async function finishRun(tx: Tx, id: string, run: FinishedRun): Promise<void> {
  await tables(tx)
    .updateTable("models_runs")
    .set({
      status: "succeeded",
      error: null,
      progress: null,
      metrics: json(run.metrics),
      train_seconds: run.trainSeconds,
      row_losses: run.rowLosses,
      version: run.version,
    })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .execute();
}

export async function findRun(tx: Tx, id: string): Promise<Run | null> {
  const row = await tables(tx)
    .selectFrom("models_runs")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

/** The blob of what each row held back cost; null of a run that left none. */
export async function findRowLosses(tx: Tx, id: string): Promise<string | null> {
  const row = await tables(tx)
    .selectFrom("models_runs")
    .select("row_losses")
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.row_losses ?? null;
}

/** Newest first. */
export async function listRuns(tx: Tx, { limit, cursor, model, dataset }: RunsQuery): Promise<Page<Run>> {
  let query = tables(tx)
    .selectFrom("models_runs")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where("id", "<", cursor);
  if (model !== undefined) query = query.where("model", "=", model);
  if (dataset !== undefined) query = query.where("dataset", "=", dataset);
  const rows = await query.execute();
  const items = rows.slice(0, limit).map(toRun);
  return { items, next: rows.length > limit ? items.at(-1)!.id : null };
}

/** The next version number of a name. Holds the name until the transaction ends. */
export async function takeVersion(tx: Tx, name: string): Promise<number> {
  const row = await tables(tx)
    .insertInto("models_models")
    .values({ project_id: tx.projectId, id: createId(), name, latest_version: 1 })
    .onConflict((conflict) =>
      conflict.columns(["project_id", "name"]).doUpdateSet((eb) => ({ latest_version: eb("models_models.latest_version", "+", 1) })),
    )
    .returning("latest_version")
    .executeTakeFirstOrThrow();
  return row.latest_version;
}

export type NewVersion = Pick<
  ModelVersion,
  "model" | "version" | "hash" | "bytes" | "signature" | "card" | "dataset" | "runId" | "metrics"
>;

export async function insertVersion(tx: Tx, version: NewVersion): Promise<void> {
  const { runId, signature, metrics, ...same } = version;
  await tables(tx)
    .insertInto("models_versions")
    .values({
      ...same,
      project_id: tx.projectId,
      id: createId(),
      signature: json(signature),
      metrics: json(metrics),
      run_id: runId,
      created_by: tx.principalId,
    })
    .execute();
}

export async function findVersion(tx: Tx, model: string, version: number): Promise<ModelVersion | null> {
  const row = await tables(tx)
    .selectFrom("models_versions")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("model", "=", model)
    .where("version", "=", version)
    .executeTakeFirst();
  if (row === undefined) return null;
  const aliases = await tables(tx)
    .selectFrom("models_aliases")
    .select("alias")
    .where("project_id", "=", tx.projectId)
    .where("model", "=", model)
    .where("version", "=", version)
    .orderBy("alias")
    .execute();
  const { run_id: runId, project_id: _, created_by: createdBy, bytes, ...same } = row;
  return { ...same, bytes: Number(bytes), runId, createdBy, createdAt: createdAt(row.id), aliases: aliases.map(({ alias }) => alias) };
}

/** Every model with its aliases, or the one of this name. */
export async function listModels(tx: Tx, name?: string): Promise<Model[]> {
  let models = tables(tx).selectFrom("models_models").selectAll().where("project_id", "=", tx.projectId).orderBy("name");
  let aliases = tables(tx).selectFrom("models_aliases").selectAll().where("project_id", "=", tx.projectId).orderBy("alias");
  if (name !== undefined) {
    models = models.where("name", "=", name);
    aliases = aliases.where("model", "=", name);
  }
  const named = await aliases.execute();
  return (await models.execute()).map((row) => ({
    name: row.name,
    latest: row.latest_version,
    // Versions are never removed.
    versions: row.latest_version,
    aliases: Object.fromEntries(named.filter(({ model }) => model === row.name).map(({ alias, version }) => [alias, version])),
    createdAt: createdAt(row.id),
  }));
}

export interface AliasChange {
  readonly alias: string;
  readonly from: number | null;
  readonly to: number;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
}

/** Newest first. */
export async function listAliasChanges(tx: Tx, model: string): Promise<AliasChange[]> {
  const rows = await tables(tx)
    .selectFrom("models_alias_history")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("model", "=", model)
    .orderBy("id", "desc")
    .limit(500)
    .execute();
  return rows.map((row) => ({
    alias: row.alias,
    from: row.from_version,
    to: row.to_version,
    at: createdAt(row.id),
    by: row.changed_by,
    reason: row.reason,
  }));
}

/** The version an alias names, null when it names none. `lock` holds it until the transaction ends. */
export async function findAlias(tx: Tx, model: string, alias: string, lock = false): Promise<number | null> {
  const query = tables(tx)
    .selectFrom("models_aliases")
    .select("version")
    .where("project_id", "=", tx.projectId)
    .where("model", "=", model)
    .where("alias", "=", alias);
  const row = await (lock ? query.forUpdate() : query).executeTakeFirst();
  return row?.version ?? null;
}

export async function setAlias(tx: Tx, { model, alias, version, reason }: MoveAlias, from: number | null): Promise<void> {
  const key = { project_id: tx.projectId, model, alias };
  await tables(tx)
    .insertInto("models_aliases")
    .values({ ...key, version })
    .onConflict((conflict) => conflict.columns(["project_id", "model", "alias"]).doUpdateSet({ version }))
    .execute();
  await tables(tx)
    .insertInto("models_alias_history")
    .values({ ...key, id: createId(), from_version: from, to_version: version, reason, changed_by: tx.principalId })
    .execute();
}

function toRun(row: RunRow): Run {
  return {
    id: row.id,
    model: row.model,
    trainer: row.trainer,
    dataset: row.dataset,
    parameters: row.parameters,
    seed: Number(row.seed),
    status: row.status,
    error: row.error,
    progress: row.progress,
    version: row.version,
    metrics: row.metrics,
    trainSeconds: row.train_seconds,
    gitCommit: row.git_commit,
    environment: row.environment,
    workflowId: row.workflow_id,
    createdAt: createdAt(row.id),
    createdBy: row.created_by,
  };
}

function createdAt(id: string): string {
  return new Date(idTime(id)).toISOString();
}
