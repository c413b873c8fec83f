import { AppError, type Context } from "../core/index.ts";
import { type BodyRow, type InferenceRow, type ShadowRow, findInference, listInferences as selectInferences } from "./repository.ts";
import type { FunctionsDeps, Inference, InferenceDetail, InferencePage, InferencesQuery } from "./types.ts";

type ReadDeps = Pick<FunctionsDeps, "sql" | "feedback" | "governance">;

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

/** Everything about one inference. Reading a body is audited, in the reading's own transaction. */
export async function getInference(context: Context, id: string, deps: ReadDeps): Promise<InferenceDetail> {
  const found = await deps.sql.as(context, async (tx) => {
    const row = await findInference(tx, id);
    if (row !== null) await deps.governance.audit(tx, { action: "functions.read-inference", object: `inference:${id}` });
    return row;
  });
  if (found === null) throw new AppError("unknown_inference", `There is no inference ${id}.`, { details: { id } });
  const feedback = (await deps.feedback?.()?.ofInference(context, id)) ?? [];
  const label = (await deps.feedback?.()?.labels(context, [id]))?.get(id) ?? null;
  return { ...toInference(found.inference, label), ...toBody(found.body), shadows: found.shadows.map(toShadow), feedback };
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

function toBody(row: BodyRow | null): Pick<InferenceDetail, "input" | "output" | "steps" | "produced" | "metadata"> {
  // The body's partition may have been dropped before the list's.
  if (row === null) return { input: null, output: null, steps: [], produced: { body: "past its retention" }, metadata: {} };
  const [input, output, steps, produced, metadata] = [row.input, row.output, row.steps, row.produced, row.metadata].map(
    (text) => JSON.parse(text) as never,
  );
  return { input, output, steps: steps!, produced: produced!, metadata: metadata! };
}

function toShadow(row: ShadowRow): InferenceDetail["shadows"][number] {
  return { binding: row.binding, variant: row.variant, output: JSON.parse(row.output) as unknown, agrees: row.agrees, error: row.error };
}
