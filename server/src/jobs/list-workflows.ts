import type { Workflow } from "@millrace/contract";
import { AppError, type Context } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { Engine } from "./engine.ts";
import { engineSchema, listWorkflowPlaces, type WorkflowPlace } from "./repository.ts";
import { engineStatuses, projectOf, toWorkflow } from "./to-wire.ts";
import type { Page, WorkflowsQuery } from "./types.ts";

/** A page of a project's workflows, newest first. The cursor is the place of the last one: what starts meanwhile stands before it. */
export async function listWorkflows(deps: { sql: Sql; engine: Engine }, context: Context, query: WorkflowsQuery): Promise<Page<Workflow>> {
  const places = await listWorkflowPlaces(deps.sql, {
    schema: await engineSchema(deps.sql),
    projectId: context.projectId,
    after: query.cursor === undefined ? null : readCursor(query.cursor),
    limit: query.limit + 1,
    name: query.name,
    engineStatuses: query.status === undefined ? undefined : engineStatuses(query.status),
  });
  const shown = places.slice(0, query.limit);
  const found = shown.length === 0 ? [] : await deps.engine.list({ workflowIDs: shown.map(({ id }) => id) });
  const byId = new Map(found.map((status) => [status.workflowID, status]));
  const items = shown
    .map(({ id }) => byId.get(id))
    // The attributes a workflow is found by are the engine's; what it was started with says whose it is.
    .filter((status) => status !== undefined && projectOf(status) === context.projectId)
    .map((status) => toWorkflow(status!));
  return { items, next: places.length > query.limit ? writeCursor(shown.at(-1)!) : null };
}

function writeCursor({ createdAt, id }: WorkflowPlace): string {
  return `${createdAt}:${id}`;
}

function readCursor(cursor: string): WorkflowPlace {
  const [, createdAt, id] = /^(\d{1,15}):([^\p{Cc}\p{Cs}]+)$/u.exec(cursor) ?? [];
  if (createdAt === undefined || id === undefined) throw new AppError("invalid_request", `"${cursor}" is not a cursor of this list.`);
  return { createdAt: Number(createdAt), id };
}
