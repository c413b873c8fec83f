import type { CreateExperiment, Experiment, ExperimentMetric, ExperimentResult, Trial } from "@millrace/contract";
import { idTime } from "../../core/index.ts";
import type { Tx } from "../../storage/index.ts";

// Type aliases: kysely's constraint asks for an index signature, which interfaces lack.
type ExperimentRow = {
  readonly project_id: string;
  readonly id: string;
  readonly model: string;
  readonly dataset: string;
  readonly request: CreateExperiment;
  readonly metric: ExperimentMetric | null;
  readonly status: Experiment["status"];
  readonly error: string | null;
  readonly result: ExperimentResult | null;
  readonly workflow_id: string;
  readonly created_by: string;
};
type TrialRow = {
  readonly project_id: string;
  readonly experiment_id: string;
  readonly number: number;
  readonly trainer: string;
  readonly parameters: Record<string, unknown>;
  /** A bigint: text on the way back; so are the bytes. */
  readonly seed: number | string;
  readonly share: number;
  readonly status: Trial["status"];
  readonly reason: string | null;
  readonly scores: Trial["scores"];
  readonly folds: number[];
  readonly bytes: number | string | null;
  readonly milliseconds: number | null;
  readonly seconds: number;
  readonly row_losses: string | null;
};
type Tables = { models_experiments: ExperimentRow; models_trials: TrialRow };

function tables(tx: Tx) {
  return tx.db.withTables<Tables>();
}

/** The driver would write an array or object in its own syntax. */
function json(value: unknown): never {
  return JSON.stringify(value) as never;
}

export interface NewExperiment {
  readonly id: string;
  readonly request: CreateExperiment;
  readonly workflowId: string;
}

export async function insertExperiment(tx: Tx, { id, request, workflowId }: NewExperiment): Promise<void> {
  await tables(tx)
    .insertInto("models_experiments")
    .values({
      project_id: tx.projectId,
      id,
      model: request.model,
      dataset: request.dataset,
      request: json(request),
      metric: null,
      status: "running",
      error: null,
      result: null,
      workflow_id: workflowId,
      created_by: tx.principalId,
    })
    .execute();
}

export async function updateExperiment(
  tx: Tx,
  id: string,
  change: Pick<Experiment, "status"> & Partial<Pick<Experiment, "metric" | "error" | "result">>,
): Promise<void> {
  const { result, ...same } = change;
  await tables(tx)
    .updateTable("models_experiments")
    .set({ error: null, ...same, ...(result === undefined ? {} : { result: json(result) }) })
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .where("status", "!=", "succeeded")
    .execute();
}

/** A trial and where the losses of its rows lie; null when it left none. */
export interface KeptTrial extends Trial {
  readonly rowLosses: string | null;
}

export async function insertTrial(tx: Tx, experimentId: string, trial: KeptTrial): Promise<void> {
  const { rowLosses, parameters, scores, folds, ...same } = trial;
  await tables(tx)
    .insertInto("models_trials")
    .values({
      ...same,
      project_id: tx.projectId,
      experiment_id: experimentId,
      parameters: json(parameters),
      scores: json(scores),
      folds: json(folds),
      row_losses: rowLosses,
    })
    .execute();
}

/** Sets a trial aside that others did better than. */
export async function pruneTrial(
  tx: Tx,
  experimentId: string,
  { number, reason }: { readonly number: number; readonly reason: string },
): Promise<void> {
  await tables(tx)
    .updateTable("models_trials")
    .set({ status: "pruned", reason })
    .where("project_id", "=", tx.projectId)
    .where("experiment_id", "=", experimentId)
    .where("number", "=", number)
    .execute();
}

/** In the order they were tried. */
export async function listTrials(tx: Tx, experimentId: string): Promise<KeptTrial[]> {
  const rows = await tables(tx)
    .selectFrom("models_trials")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("experiment_id", "=", experimentId)
    .orderBy("number")
    .execute();
  return rows.map(({ project_id: _, experiment_id: __, row_losses: rowLosses, seed, bytes, ...same }) => ({
    ...same,
    seed: Number(seed),
    bytes: bytes === null ? null : Number(bytes),
    rowLosses,
  }));
}

export async function findExperiment(tx: Tx, id: string): Promise<Experiment | null> {
  const row = await tables(tx)
    .selectFrom("models_experiments")
    .selectAll()
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { project_id: _, workflow_id: workflowId, created_by: createdBy, ...same } = row;
  const trials = (await listTrials(tx, id)).map(({ rowLosses: __, ...trial }) => trial);
  return { ...same, workflowId, createdBy, createdAt: new Date(idTime(id)).toISOString(), trials };
}
