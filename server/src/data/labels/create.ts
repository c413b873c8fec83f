import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { CheckLabels, CombinedLabels, CombineLabelsQuery, LabelCheck } from "@millrace/contract";
import { AppError, type Context, runTask } from "../../core/index.ts";
import type { DataConfig } from "../config.ts";
import type { Snapshot } from "../types.ts";
import type { LabelJob } from "./label-task.ts";

/** Whether labels are right, and one label out of many votes. */
export interface Labels {
  /** Audited. `unknown_dataset`, `invalid_request` when the version has no label column or its labels cannot be judged. */
  check(context: Context, reference: string, request: CheckLabels): Promise<LabelCheck>;
  /** Nothing is kept. `invalid_request` names the line of a wrong vote. */
  combine(context: Context, votes: AsyncIterable<Uint8Array>, query: CombineLabelsQuery): Promise<CombinedLabels>;
}

export interface LabelsDeps {
  readonly config: DataConfig;
  readonly scratchFolder: string;
  /** The version and its Parquet file, noted in the audit log. */
  readonly snapshot: (context: Context, reference: string, request: unknown) => Promise<Snapshot>;
}

/** Each is a process with a dataset in its memory. */
const mostAtOnce = 2;

export function createLabels(deps: LabelsDeps): Labels {
  let running = 0;

  async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    if (running >= mostAtOnce)
      throw new AppError("overloaded", `${running} jobs over labels are under way, and no more run at once. Try again when one has ended.`);
    running += 1;
    let folder: string | undefined;
    try {
      await mkdir(deps.scratchFolder, { recursive: true });
      folder = await mkdtemp(join(deps.scratchFolder, "labels-"));
      return await work(folder);
    } finally {
      running -= 1;
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    }
  }

  function run<T>(context: Context, job: LabelJob): Promise<T> {
    return runTask<T>({ name: "./label-task", base: import.meta.url }, job, {
      memoryMb: deps.config.buildMemoryMb,
      timeoutMs: deps.config.buildMinutes * 60_000,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
  }

  return {
    check: (context, reference, request) =>
      inFolder(async (folder) => {
        const { method, limit } = request;
        const { dataset, path } = await deps.snapshot(context, reference, { method, limit });
        if (dataset.labelColumn === null)
          throw new AppError("invalid_request", `${dataset.reference} has no label column, so it has no labels to check.`);
        const requestPath = join(folder, "request.json");
        await writeFile(requestPath, JSON.stringify(request));
        return run<LabelCheck>(context, {
          kind: "check",
          reference: dataset.reference,
          labelColumn: dataset.labelColumn,
          featureColumns: dataset.featureColumns,
          parquetPath: path,
          scratchFolder: folder,
          requestPath,
        });
      }),

    combine: (context, votes, { method }) =>
      inFolder(async (folder) => {
        const votesPath = join(folder, "votes.jsonl");
        await pipeline(Readable.from(votes), createWriteStream(votesPath));
        return run<CombinedLabels>(context, { kind: "combine", votesPath, method });
      }),
  };
}
