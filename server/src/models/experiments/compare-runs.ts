import { isDeepStrictEqual } from "node:util";
import type { Run, RunComparison } from "@millrace/contract";
import { AppError, type Context } from "../../core/index.ts";
import type { BlobStore, Sql } from "../../storage/index.ts";
import * as repository from "../repository.ts";
import { type RowLosses, betterOf, compareLosses, decodeLosses, estimateMetric, metricNames } from "../row-losses.ts";

export interface CompareDeps {
  readonly sql: Sql;
  readonly blobs: Pick<BlobStore, "get">;
}

/**
 * Two runs side by side, row by row of what their dataset held back. `unknown_run`; `conflict` when they did not end well, were
 * trained on different dataset versions or for different tasks, or when one left no losses.
 */
export async function compareRuns(
  context: Context,
  ids: { readonly a: string; readonly b: string },
  deps: CompareDeps,
): Promise<RunComparison> {
  const [first, second] = await Promise.all([readRun(context, ids.a, deps), readRun(context, ids.b, deps)]);
  if (first.dataset !== second.dataset)
    throw refusal(
      `The run ${first.id} was trained on ${first.dataset} and ${second.id} on ${second.dataset}: they were not measured on the same rows. Train one again on the other's dataset.`,
      { a: first.dataset, b: second.dataset },
    );
  const [a, b] = await Promise.all([readLosses(context, first, deps), readLosses(context, second, deps)]);
  const task = taskOf(first);
  if (task !== taskOf(second) || a[0].length !== b[0].length)
    throw refusal(`The run ${first.id} was trained for ${task} and ${second.id} for ${taskOf(second)}.`, {});
  return {
    a: first,
    b: second,
    differences: differencesOf(first, second),
    metrics: metricNames(task).map((metric) => {
      const difference = compareLosses(metric, a, b);
      const better = betterOf(metric, difference);
      return {
        metric,
        a: estimateMetric(metric, a),
        b: estimateMetric(metric, b),
        difference,
        better: better === null ? null : better === "first" ? "a" : "b",
      };
    }),
  };
}

async function readRun(context: Context, id: string, { sql }: CompareDeps): Promise<Run> {
  const run = await sql.as(context, (tx) => repository.findRun(tx, id));
  if (run === null) throw new AppError("unknown_run", `There is no run ${id}.`, { details: { id } });
  return run;
}

async function readLosses(context: Context, { id, status }: Run, { sql, blobs }: CompareDeps): Promise<RowLosses> {
  const hash = await sql.as(context, (tx) => repository.findRowLosses(tx, id));
  if (hash !== null) return decodeLosses(await blobs.get(context, hash));
  throw refusal(
    status === "succeeded"
      ? `The run ${id} left no losses of single rows. Train it again with the same seed: the model comes out the same.`
      : `The run ${id} is ${status}; only runs that succeeded can be compared.`,
    { id, status },
  );
}

function taskOf({ metrics }: Run): "classification" | "regression" {
  return metrics?.task ?? "classification";
}

function refusal(message: string, details: Record<string, unknown>): AppError {
  return new AppError("conflict", message, { details });
}

/** What went into the runs and is not the same in both. */
function differencesOf(a: Run, b: Run): RunComparison["differences"] {
  const [first, second] = [describe(a), describe(b)];
  return [...new Set([...Object.keys(first), ...Object.keys(second)])]
    .sort()
    .filter((field) => !isDeepStrictEqual(first[field], second[field]))
    .map((field) => ({ field, a: first[field] ?? null, b: second[field] ?? null }));
}

function describe({ model, trainer, seed, gitCommit, parameters, environment }: Run): Record<string, unknown> {
  const under = (name: string, values: object) =>
    Object.entries(values).map(([key, value]): [string, unknown] => [`${name}.${key}`, value]);
  return {
    model,
    trainer,
    seed,
    gitCommit,
    ...Object.fromEntries([...under("parameters", parameters), ...under("environment", environment)]),
  };
}
