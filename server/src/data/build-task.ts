import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { serveTask } from "../core/index.ts";
import { type BuildOptions, type BuildReport, buildRows } from "./build-rows.ts";
import { parseRows } from "./parse-rows.ts";
import type { Row } from "./rows.ts";

/** The job of the task process: files only, no database. */
export interface BuildJob extends BuildOptions {
  /** JSONL in. */
  readonly rowsPath: string;
  /** JSONL out: kept rows with `_split`, in order of time. */
  readonly keptPath: string;
  /** JSONL out: what was set aside. */
  readonly quarantinePath: string;
}

serveTask(async (job: BuildJob): Promise<BuildReport> => {
  const parsed = await parseRows(job.rowsPath);
  const built = buildRows(parsed.rows, parsed.rejections, job);
  await writeLines(job.keptPath, keptLines(built.train, built.holdout));
  await writeLines(
    job.quarantinePath,
    built.rejections.map(({ line, reason, row }) => ({ line, reason, row })),
  );
  return built.report;
});

function* keptLines(train: readonly Row[], holdout: readonly Row[]): Generator<unknown> {
  for (const row of train) yield { ...row.values, _split: "train" };
  for (const row of holdout) yield { ...row.values, _split: "holdout" };
}

async function writeLines(path: string, items: Iterable<unknown>): Promise<void> {
  const file = createWriteStream(path);
  for (const item of items) if (!file.write(`${JSON.stringify(item)}\n`)) await once(file, "drain");
  file.end();
  await once(file, "finish");
}
