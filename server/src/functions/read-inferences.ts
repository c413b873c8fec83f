import { AppError, type Context } from "../core/index.ts";
import type { Archived } from "./archive/types.ts";
import { type BodyRow, type InferenceRow, type ShadowRow, findInference, listInferences as selectInferences } from "./repository.ts";
import type { FunctionsDeps, Inference, InferenceDetail, InferencePage, InferencesQuery } from "./types.ts";

type ReadDeps = Pick<FunctionsDeps, "sql" | "feedback" | "governance" | "archive">;

/** A page of inferences, newest first; the cursor is the last id. */
export async function listInferences(context: Context, query: InferencesQuery, deps: ReadDeps): Promise<InferencePage> {
  const feedback = deps.feedback?.();
  const { misread } = query;
  if (misread !== undefined && feedback === undefined) return { items: [], next: null };
  const ids =
    misread === undefined
      ? undefined
      : await feedback!.compared(context, { agrees: !misread, function: query.function, cursor: query.cursor, limit: query.limit });
  const rows = await deps.sql.as(context, (tx) => selectInferences(tx, { ...query, ids }));
  const labels =
    (await feedback?.labels(
      context,
      rows.map((row) => row.id),
    )) ?? new Map<string, string>();
  // Other filters may drop some of a page of misread ids: the page after it starts where the ids ended.
  const last = ids === undefined ? (rows.length === query.limit ? rows.at(-1)!.id : null) : ids.length === query.limit ? ids.at(-1)! : null;
  return { items: rows.map((row) => toInference(row, labels.get(row.id) ?? null)), next: last };
}

/** Everything about one inference, from SQL or from the lake's file it went to. Reading a body is audited. */
export async function getInference(context: Context, id: string, deps: ReadDeps): Promise<InferenceDetail> {
  const audit = { action: "functions.read-inference", object: `inference:${id}` };
  const stored = await deps.sql.as(context, async (tx) => {
    const row = await findInference(tx, id);
    if (row !== null) await deps.governance.audit(tx, audit);
    return row;
  });
  const archived = stored?.body == null ? ((await deps.archive?.find(context, id)) ?? null) : null;
  const inference = stored?.inference ?? archived?.row ?? null;
  if (inference === null) {
    const where = archived === null ? "" : ` Its file ${archived.path} of the lake cannot be read on this node.`;
    throw new AppError("unknown_inference", `There is no inference ${id} in SQL.${where}`, { details: { id, archived: archived?.path } });
  }
  if (stored === null) await deps.sql.as(context, (tx) => deps.governance.audit(tx, audit));
  const feedback = (await deps.feedback?.()?.ofInference(context, id)) ?? [];
  const label = (await deps.feedback?.()?.labels(context, [id]))?.get(id) ?? null;
  const shadows = stored?.shadows.map(toShadow) ?? [];
  return { ...toInference(inference, label), ...toBody(stored?.body ?? null, archived), shadows, feedback };
}

function toInference(row: InferenceRow, feedbackLabel: string | null): Inference {
  return {
    id: row.id,
    function: row.function,
    status: row.status,
    variant: row.variant,
    binding: row.binding,
    arm: row.arm,
    fallback: row.fallback,
    label: row.label,
    confidence: row.confidence,
    error: row.error,
    latencyMs: row.latency_ms,
    caller: row.caller,
    recordedAt: row.recorded_at,
    occurredAt: row.occurred_at,
    feedbackLabel,
  };
}

type Body = Pick<InferenceDetail, "input" | "output" | "steps" | "produced" | "metadata" | "archived">;

/** The body, where it was read; without one, the reason stands where what produced it would. */
function toBody(stored: BodyRow | null, archived: Archived | null): Body {
  const row = stored ?? archived?.row ?? null;
  const from = archived === null ? {} : { archived: archived.path };
  if (row !== null && row.erased_hash !== null)
    return { input: null, output: null, steps: [], produced: { body: "erased" }, metadata: {}, ...from };
  if (row === null || row.input === null) {
    const reason = archived === null ? "past its retention, and in no file" : "in a file that cannot be read on this node";
    return { input: null, output: null, steps: [], produced: { body: reason }, metadata: {}, ...from };
  }
  const [input, output, steps, produced, metadata] = [row.input, row.output, row.steps, row.produced, row.metadata].map(
    (text) => JSON.parse(text ?? "null") as never,
  );
  return { input, output, steps: steps!, produced: produced!, metadata: metadata!, ...from };
}

function toShadow(row: ShadowRow): InferenceDetail["shadows"][number] {
  return { binding: row.binding, variant: row.variant, output: JSON.parse(row.output) as unknown, agrees: row.agrees, error: row.error };
}
