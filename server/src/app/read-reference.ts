import type { ClassificationMetrics, Estimate } from "@millrace/contract";
import type { Context } from "../core/index.ts";
import type { Data } from "../data/index.ts";
import type { Functions } from "../functions/index.ts";
import type { Models } from "../models/index.ts";
import type { Reference } from "../monitoring/index.ts";
import type { Lake } from "../storage/index.ts";

export interface ReferenceDeps {
  readonly functions: Functions;
  readonly models: Models;
  readonly data: Data;
  readonly lake: Lake;
}

/** Rows of the training set a window is compared with; more would only make the comparison slower, not surer. */
const referenceRows = 2000;

/** What the model under a binding was trained and measured on; null for a binding without a model. */
export async function readReference(context: Context, bindingHash: string, deps: ReferenceDeps): Promise<Reference | null> {
  const binding = await deps.functions.binding(context, bindingHash);
  const { model, version } = (binding?.resolved ?? {}) as { model?: unknown; version?: unknown };
  if (typeof model !== "string" || typeof version !== "number") return null;
  const trained = await deps.models.getVersion(context, model, version);
  // What was imported was trained elsewhere, on rows that are not here.
  if (trained.runId === null) return null;
  const { dataset, path } = await deps.data.snapshot(context, trained.dataset);
  if (dataset.labelColumn === null) return null;
  const { labelColumn } = dataset;
  const rows = await deps.lake.readParquet(path, { columns: [...dataset.featureColumns, labelColumn] });
  // Every k-th row: an even picture of the whole time the model learned from.
  const stride = Math.max(1, Math.ceil(rows.length / referenceRows));
  // What is compared is how often a label is right; an answer that is a number has none.
  const metrics = trained.metrics === null || trained.metrics.task === "regression" ? null : trained.metrics;
  return {
    name: trained.dataset,
    accuracy: metrics?.accuracy ?? null,
    recalls: metrics === null ? null : readRecalls(metrics),
    rows: rows
      .filter((_, index) => index % stride === 0)
      .map((row) => {
        const { [labelColumn]: label, ...input } = row;
        return { input, label: typeof label === "string" ? label : null };
      }),
  };
}

/** Recall by label, from the slices a run reports. */
function readRecalls(metrics: ClassificationMetrics): Record<string, Estimate> {
  const prefix = "label=";
  const slices = metrics.slices.filter(({ slice, metric }) => metric === "recall" && slice.startsWith(prefix));
  return Object.fromEntries(slices.map(({ slice, estimate }) => [slice.slice(prefix.length), estimate]));
}
