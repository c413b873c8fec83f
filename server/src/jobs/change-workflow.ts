import type { Workflow } from "@millrace/contract";
import { AppError, type Clock, type Context, createId, idBound } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { Engine } from "./engine.ts";
import { insertIntent, type Intent, openIntents, settleIntent } from "./repository.ts";
import { projectOf, toWorkflow } from "./to-wire.ts";
import type { JobsDeps } from "./types.ts";

export interface ChangeDeps {
  readonly sql: Sql;
  readonly audit: JobsDeps["audit"];
  readonly clock: Clock;
  readonly engine: Engine;
}

/** The workflow, if it is of this project; `unknown_workflow` otherwise. */
export async function readWorkflow(engine: Engine, context: Context, workflowId: string): Promise<Workflow> {
  const status = await engine.status(workflowId);
  if (status === undefined || projectOf(status) !== context.projectId) {
    throw new AppError("unknown_workflow", `There is no workflow "${workflowId}".`, { details: { workflowId } });
  }
  return toWorkflow(status);
}

/** Cancels or resumes: first the intent with its audit entry, in one transaction, then the call, which may be repeated. */
export async function changeWorkflow(
  deps: ChangeDeps,
  context: Context,
  change: { workflowId: string; action: Intent["action"] },
): Promise<Workflow> {
  const { workflowId, action } = change;
  const before = await readWorkflow(deps.engine, context, workflowId);
  const allowed: Workflow["status"][] = action === "cancel" ? ["queued", "running"] : ["cancelled"];
  if (!allowed.includes(before.status)) {
    throw new AppError("conflict", `The workflow "${workflowId}" is ${before.status}, so there is nothing to ${action}.`, {
      details: { workflowId, status: before.status },
    });
  }
  const intent: Intent = { projectId: context.projectId, id: createId(deps.clock), workflowId, action };
  await deps.sql.as(context, async (tx) => {
    await insertIntent(tx, intent);
    await deps.audit(tx, {
      action: `jobs.${action}`,
      object: `workflow:${workflowId}`,
      before: { status: before.status },
      after: { status: action === "cancel" ? "cancelled" : "queued" },
    });
  });
  await applyIntent(deps, intent);
  return readWorkflow(deps.engine, context, workflowId);
}

async function applyIntent(deps: ChangeDeps, intent: Intent): Promise<void> {
  await deps.engine[intent.action](intent.workflowId);
  await deps.sql.system("reconciliation", (tx) => settleIntent(tx, intent));
}

/** Makes the calls that a crash came between; only those old enough that nobody is making them now. */
export async function applyOpenIntents(deps: ChangeDeps): Promise<void> {
  const olderThan = idBound(deps.clock.now() - 10_000);
  const intents = await deps.sql.system("reconciliation", (tx) => openIntents(tx, olderThan));
  for (const intent of intents) await applyIntent(deps, intent);
}
