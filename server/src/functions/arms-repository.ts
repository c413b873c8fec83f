import type { Tx } from "../storage/index.ts";
import type { Arm, ArmRole, Arms, Binding } from "./types.ts";

type BindingRow = {
  project_id: string;
  hash: string;
  function: string;
  variant: string;
  kind: string;
  label: string;
  resolved: unknown;
  created_by: string;
};

type ArmRow = {
  project_id: string;
  function: string;
  position: number;
  binding: string;
  variant: string;
  role: ArmRole;
  share: number;
  release_id: string | null;
};

type Tables = {
  functions_bindings: BindingRow;
  functions_arms: ArmRow;
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
