import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataContract } from "@millrace/contract";
import { AppError, type Context, runTask } from "../core/index.ts";
import type { BlobStore, Lake, LakeColumn } from "../storage/index.ts";
import type { BuildReport } from "./build-rows.ts";
import type { BuildJob } from "./build-task.ts";
import type { DataConfig } from "./config.ts";
import { distinctValuesSql } from "./repository.ts";
import type { CreateFromRows } from "./types.ts";

/** What a build leaves behind: two blobs and what is to be said about them. */
export interface BuiltDataset {
  readonly report: BuildReport;
  readonly hash: string;
  readonly quarantineHash: string;
  readonly linesHash: string;
}

export interface BuildDeps {
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly config: DataConfig;
  /** Where work in progress lies; anything in it may be removed at start. */
  readonly scratchFolder: string;
}

export interface BuildInput {
  readonly context: Context;
  readonly rows: CreateFromRows;
  readonly contract: DataContract | "infer";
  /** Snapshots (hashes of blobs) that columns of the contract refer to, by column. */
  readonly references?: Readonly<Record<string, { readonly hash: string; readonly column: string }>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Builds in a task process and keeps the results as blobs, so a repeat after a crash leaves the same two blobs. */
export async function buildDataset(input: BuildInput, deps: BuildDeps): Promise<BuiltDataset> {
  const { context, rows, signal } = input;
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "build-"));
  try {
    const job: BuildJob = {
      rowsPath: await deps.blobs.path(context, rows.blob),
      keptPath: join(folder, "kept.jsonl"),
      quarantinePath: join(folder, "quarantine.jsonl"),
      linesPath: join(folder, "lines.jsonl"),
      timeColumn: rows.timeColumn,
      labelColumn: rows.labelColumn,
      featureColumns: rows.featureColumns,
      keyColumn: rows.keyColumn,
      sensitiveColumns: rows.sensitiveColumns,
      contract: input.contract,
      holdout: rows.holdout,
      split: rows.split,
      nearThreshold: deps.config.nearDuplicateThreshold,
      now: input.now,
      referencesPath: await writeReferences(input, { deps, folder }),
    };
    const options = { signal, memoryMb: deps.config.buildMemoryMb, timeoutMs: deps.config.buildMinutes * 60_000 };
    const report = await runTask<BuildReport>({ name: "./build-task", base: import.meta.url }, job, options);
    const parquet = await deps.lake.writeParquet({ jsonlPath: job.keptPath, columns: lakeColumns(report.contract), folder }, { signal });
    if (parquet.rows !== report.kept)
      throw new AppError("lake_query_failed", `The snapshot has ${parquet.rows} rows where ${report.kept} were kept.`);
    const snapshot = await deps.blobs.putFile(context, parquet.path);
    const quarantine = await deps.blobs.putFile(context, job.quarantinePath);
    const lines = await deps.blobs.putFile(context, job.linesPath);
    return { report, hash: snapshot.hash, quarantineHash: quarantine.hash, linesHash: lines.hash };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** So many values of another dataset fit beside the rows. */
const mostReferenceValues = 2_000_000;

/** The values that columns may have, as a file for the task. */
async function writeReferences(input: BuildInput, to: { readonly deps: BuildDeps; readonly folder: string }): Promise<string | null> {
  const references = Object.entries(input.references ?? {});
  if (references.length === 0) return null;
  const values: Record<string, unknown[]> = {};
  for (const [name, { hash, column }] of references) {
    const rows = await to.deps.lake.query(
      {
        sql: distinctValuesSql(column, mostReferenceValues + 1),
        files: { referenced: await to.deps.blobs.path(input.context, hash) },
      },
      { signal: input.signal },
    );
    if (rows.length > mostReferenceValues)
      throw new AppError(
        "invalid_request",
        `The column "${name}" refers to more than ${mostReferenceValues} values; that many cannot be looked up.`,
      );
    values[name] = rows.map((row) => row["value"]);
  }
  const path = join(to.folder, "references.json");
  await writeFile(path, JSON.stringify(values));
  return path;
}

function lakeColumns(contract: DataContract): LakeColumn[] {
  const columns = contract.columns.map(({ name, type }) => ({ name, type: type === "instant" ? ("timestamp" as const) : type }));
  return [...columns, { name: "_split", type: "text" }];
}
