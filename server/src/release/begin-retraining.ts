import { AppError, type Context, createId, idTime } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import { retrainingConfigOf } from "./config.ts";
import { insertRetraining, listRetrainings, openStages, type RetrainingRecord } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

export const retrainWorkflow = "release.retrain@1";

export function isOpen(retraining: Pick<RetrainingRecord, "stage">): boolean {
  return (openStages as readonly string[]).includes(retraining.stage);
}

/** Opens a retraining and enqueues its workflow, which has the same id, in the caller's transaction. `release_in_progress`. */
export async function beginRetraining(tx: Tx, start: { function: string; trigger: string }, deps: ReleaseDeps): Promise<string> {
  const id = createId(deps.clock);
  if (!(await insertRetraining(tx, { id, ...start }))) {
    throw new AppError("release_in_progress", `A retraining of "${start.function}" is under way.`, {
      details: { function: start.function },
    });
  }
  await deps.audit(tx, {
    action: "release.retrain",
    object: `function:${start.function}`,
    after: { retraining: id, trigger: start.trigger },
  });
  await deps.jobs.startWorkflowIn(tx, retrainWorkflow, { function: start.function }, { workflowId: id });
  return id;
}

/** Causes new data can mend. A function that fails or is slow needs an operator, not another model. */
const mendable: ReadonlySet<string> = new Set(["label-share", "input-change", "quality"]);

/** Starts a retraining if an alert or enough new labels ask for one, and none runs. Answers its id, or null. */
export async function considerRetraining(context: Context, functionName: string, deps: ReleaseDeps): Promise<string | null> {
  const config = retrainingConfigOf(deps.functions.definition(functionName));
  if (config === null) return null;
  const [last] = await deps.sql.as(context, (tx) => listRetrainings(tx, { function: functionName }));
  if (last !== undefined && isOpen(last)) return null;
  const since = last === undefined ? undefined : new Date(idTime(last.id)).toISOString();
  const labels = await deps.feedback.countLabels(context, { function: functionName, since });
  const alerts =
    config.onAlert && labels >= config.minimumLabels
      ? (await deps.monitoring.alerts(context, { function: functionName, status: "open" })).filter(
          (alert) => alert.workflowId === null && mendable.has(alert.cause),
        )
      : [];
  const enough = config.afterLabels !== null && labels >= config.afterLabels;
  if (alerts.length === 0 && !enough) return null;
  const trigger = alerts.length > 0 ? `alert: ${alerts[0]!.title}` : `${labels} new labels`;
  const id = await beginUnlessOpen(context, { function: functionName, trigger }, deps);
  if (id !== null) for (const alert of alerts) await deps.monitoring.linkWorkflow(context, alert.id, id);
  return id;
}

async function beginUnlessOpen(context: Context, start: { function: string; trigger: string }, deps: ReleaseDeps): Promise<string | null> {
  try {
    return await deps.sql.as(context, (tx) => beginRetraining(tx, start, deps));
  } catch (error) {
    // Another node, or a person, was a moment earlier.
    if (error instanceof AppError && error.code === "release_in_progress") return null;
    throw error;
  }
}
