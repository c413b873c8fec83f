import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Context } from "../../core/index.ts";
import type { BlobStore } from "../../storage/index.ts";
import type { DatasetDetail } from "../types.ts";
import type { FeatureView } from "./config.ts";
import { referenceOf } from "./find-view.ts";
import { describeSql, joinSql, missingSql } from "./join-repository.ts";
import { type FeatureRows, type OpenDeps, openRows, toTypes } from "./open-rows.ts";
import { relate } from "./relate.ts";

export interface JoinDeps extends OpenDeps {
  readonly blobs: BlobStore;
  readonly scratchFolder: string;
  readonly timeoutMs: number;
}

export interface JoinInput {
  readonly context: Context;
  /** The rows that ask. */
  readonly dataset: DatasetDetail;
  readonly views: readonly FeatureView[];
  /** Also as JSON lines, for a dataset's build. */
  readonly lines: boolean;
  readonly signal: AbortSignal;
}

/** A Parquet blob: the dataset's columns and the features, in the dataset's order. */
export interface JoinedRows {
  readonly dataset: string;
  readonly views: string[];
  readonly hash: string;
  readonly rows: number;
  readonly features: string[];
  /** Share of rows without a value, by feature. */
  readonly missing: Record<string, number>;
  /** Hash of the blob of JSON lines, without the dataset's split. */
  readonly linesHash: string | null;
}

/**
 * `invalid_request` when the dataset has no time, lacks a column of an entity, or two columns of the result have one name;
 * `config_invalid` for a view whose columns are not there.
 */
export async function joinViews(input: JoinInput, deps: JoinDeps): Promise<JoinedRows> {
  const { context, dataset, views, signal } = input;
  const { timeColumn } = dataset;
  if (timeColumn === null)
    throw new AppError("invalid_request", `${dataset.reference} has no time column, so there is no instant to join its rows at.`);
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "features-"));
  const options = { signal, timeoutMs: deps.timeoutMs };
  try {
    const { path } = await deps.snapshot(context, dataset.reference);
    const types = toTypes(await deps.lake.query({ sql: describeSql("spine"), files: { spine: path } }, options));
    const opened: FeatureRows[] = [];
    for (const view of views) opened.push(await openRows({ context, view, folder }, deps, options));
    const columns = [...types.keys()].filter((name) => !input.lines || name !== "_split");
    checkNames(columns, opened);
    const relations = opened.map((rows, index) => relate(rows, `view_${index}`, types));
    const sql = joinSql({ relation: "spine", columns, timeColumn }, relations);
    const features = opened.flatMap((rows) => rows.features);
    const files = { spine: path, ...Object.fromEntries(opened.map((rows, index) => [`view_${index}`, rows.files])) };
    const linesPath = join(folder, "lines.jsonl");
    const [joined, [missing]] = await deps.lake.run(
      [
        { kind: "derive", sql, files, folder },
        { kind: "query", sql: missingSql(features), files: { joined: { step: 0 } } },
        ...(input.lines ? [{ kind: "export", path: { step: 0 }, jsonlPath: linesPath } as const] : []),
      ] as const,
      options,
    );
    const { hash } = await deps.blobs.putFile(context, joined.path);
    return {
      dataset: dataset.reference,
      views: views.map(referenceOf),
      hash,
      rows: joined.rows,
      features,
      missing: Object.fromEntries(features.map((name, index) => [name, Number(missing![`f${index}`])])),
      linesHash: input.lines ? (await deps.blobs.putFile(context, linesPath)).hash : null,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkNames(columns: readonly string[], opened: readonly FeatureRows[]): void {
  const owners = new Map(columns.map((name) => [name.toLowerCase(), "the dataset"]));
  for (const { view, features } of opened) {
    const lacking = view.entity.find((name) => !columns.includes(name));
    if (lacking !== undefined)
      throw new AppError("invalid_request", `${referenceOf(view)} is about "${lacking}", which the dataset has no column for.`, {
        details: { column: lacking, columns },
      });
    for (const name of features) {
      const owner = owners.get(name.toLowerCase());
      if (owner !== undefined)
        throw new AppError(
          "invalid_request",
          `"${name}" of ${referenceOf(view)} is a column of ${owner} already; rename it in the view's SQL: select ... as another_name.`,
          { details: { column: name } },
        );
      owners.set(name.toLowerCase(), referenceOf(view));
    }
  }
}
