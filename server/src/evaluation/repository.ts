import type { Evaluation as EvaluationReport } from "@millrace/contract";
import { idTime } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import type { Finding } from "./compare.ts";

type Tables = {
  evaluation_evaluations: { project_id: string; id: string; function: string; dataset: string; verdict: string; body: Finding };
};

export async function insertEvaluation(tx: Tx, id: string, finding: Finding): Promise<void> {
  await tx.db
    .withTables<Tables>()
    .insertInto("evaluation_evaluations")
    .values({
      project_id: tx.projectId,
      id,
      function: finding.function,
      dataset: finding.dataset,
      verdict: finding.verdict,
      body: JSON.stringify(finding) as never,
    })
    .execute();
}

export async function findEvaluation(tx: Tx, id: string): Promise<EvaluationReport | undefined> {
  const row = await tx.db
    .withTables<Tables>()
    .selectFrom("evaluation_evaluations")
    .select(["id", "body"])
    .where("project_id", "=", tx.projectId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : toWire(row.id, row.body);
}

export async function listEvaluations(
  tx: Tx,
  query: { function: string | undefined; limit: number; before: string | undefined },
): Promise<EvaluationReport[]> {
  let select = tx.db
    .withTables<Tables>()
    .selectFrom("evaluation_evaluations")
    .select(["id", "body"])
    .where("project_id", "=", tx.projectId);
  if (query.function !== undefined) select = select.where("function", "=", query.function);
  if (query.before !== undefined) select = select.where("id", "<", query.before);
  const rows = await select.orderBy("id", "desc").limit(query.limit).execute();
  return rows.map((row) => toWire(row.id, row.body));
}

export function toWire(id: string, finding: Finding): EvaluationReport {
  return { id, ...finding, createdAt: new Date(idTime(id)).toISOString() };
}
