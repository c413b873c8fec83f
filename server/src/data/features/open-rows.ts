import { resolve } from "node:path";
import { AppError, type Context } from "../../core/index.ts";
import { type Lake, type LakeOptions, type LakeRow } from "../../storage/index.ts";
import type { FeatureView } from "./config.ts";
import { referenceOf } from "./find-view.ts";
import { describeSql } from "./join-repository.ts";

export interface OpenDeps {
  readonly lake: Lake;
  /** A dataset version by its reference: the version it is, and its Parquet file. */
  readonly snapshot: (context: Context, reference: string) => Promise<{ reference: string; path: string }>;
}

/** The rows of a view as files, with what is in them. */
export interface FeatureRows {
  readonly view: FeatureView;
  readonly files: readonly string[];
  /** Column -> type of DuckDB. */
  readonly types: ReadonlyMap<string, string>;
  readonly features: readonly string[];
  /** What was read: a dataset's version, or paths. */
  readonly source: string;
}

export interface OpenInput {
  readonly context: Context;
  readonly view: FeatureView;
  /** Where a file may be written; the caller removes it. */
  readonly folder: string;
  /** Instead of the view's own dataset: the version that was read before. */
  readonly dataset?: string | undefined;
}

/**
 * A view's SQL runs in a process of its own that reaches its source and nothing else; what it answers is a file like any
 * other. `config_invalid` when a column of the view is missing, `lake_query_failed` when the SQL is no single SELECT.
 */
export async function openRows(input: OpenInput, deps: OpenDeps, options: LakeOptions): Promise<FeatureRows> {
  const { view, context, folder } = input;
  const { files, source } = await findSource(input, context, deps);
  if (view.sql === undefined) {
    const types = toTypes(await deps.lake.query({ sql: describeSql("source"), files: { source: files } }, options));
    checkColumns(view, types, view.columns!);
    return { view, files, types, features: view.columns!, source };
  }
  const [derived, described] = await deps.lake
    .run(
      [
        { kind: "derive", sql: view.sql, files: { source: files }, folder },
        { kind: "query", sql: describeSql("rows"), files: { rows: { step: 0 } } },
      ],
      options,
    )
    .catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== "lake_query_failed") throw error;
      throw new AppError("lake_query_failed", `The SQL of the feature view ${referenceOf(view)}: ${error.message}`, {
        details: error.details,
        cause: error,
      });
    });
  const types = toTypes(described);
  const roles = rolesOf(view);
  // On which side of a dataset's split a row lies says nothing about the entity.
  const features = [...types.keys()].filter((name) => !roles.includes(name) && name !== "_split");
  checkColumns(view, types, features);
  return { view, files: [derived.path], types, features, source };
}

export function toTypes(described: readonly LakeRow[]): Map<string, string> {
  return new Map(described.map((row) => [String(row["name"]), String(row["type"])]));
}

async function findSource({ view, dataset }: OpenInput, context: Context, deps: OpenDeps): Promise<{ files: string[]; source: string }> {
  if ("parquet" in view.source) {
    return { files: view.source.parquet.map((file) => resolve(file)), source: view.source.parquet.join(", ") };
  }
  const { path, reference } = await deps.snapshot(context, dataset ?? view.source.dataset);
  return { files: [path], source: reference };
}

function rolesOf(view: FeatureView): string[] {
  return [...view.entity, view.eventTime, ...(view.arrivalTime === undefined ? [] : [view.arrivalTime])];
}

function checkColumns(view: FeatureView, types: ReadonlyMap<string, string>, features: readonly string[]): void {
  if (features.length === 0)
    throw new AppError("config_invalid", `The SQL of the feature view ${referenceOf(view)} answers no column beside entity and times.`);
  for (const name of [...rolesOf(view), ...features]) {
    if (types.has(name)) continue;
    throw new AppError(
      "config_invalid",
      `The feature view ${referenceOf(view)} names the column "${name}", which its rows do not have; they have ${[...types.keys()].join(", ")}.`,
      { details: { column: name, columns: [...types.keys()] } },
    );
  }
}
