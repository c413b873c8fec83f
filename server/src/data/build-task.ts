import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { serveTask } from "../core/index.ts";
import { type BuildOptions, type BuildReport, type Built, buildRows } from "./build-rows.ts";
import { parseRows } from "./parse-rows.ts";
import type { RowLines } from "./trace-row.ts";
import type { ReferenceValues } from "./contract-rules.ts";
import type { Row, Scalar } from "./rows.ts";

/** The job of the task process: files only, no database. */
export interface BuildJob extends Omit<BuildOptions, "references"> {
  /** JSONL in. */
  readonly rowsPath: string;
  /** JSONL out: kept rows with `_split`, in order of time. */
  readonly keptPath: string;
  /** JSONL out: what was set aside. */
  readonly quarantinePath: string;
  /** JSONL out: for each kept row its line, and the lines that were left out for it. */
  readonly linesPath: string;
  /** JSON in: lists of values by column, where columns refer to other datasets. */
  readonly referencesPath: string | null;
}

serveTask(async (job: BuildJob): Promise<BuildReport> => {
  const parsed = await parseRows(job.rowsPath);
  const built = buildRows(parsed.rows, parsed.rejections, { ...job, references: await readReferences(job.referencesPath) });
  await writeLines(job.keptPath, keptLines(built.train, built.holdout));
  await writeLines(
    job.quarantinePath,
    built.rejections.map(({ line, reason, row }) => ({ line, reason, row })),
  );
  await writeLines(job.linesPath, lineage(built));
  return built.report;
});

async function readReferences(path: string | null): Promise<ReferenceValues> {
  if (path === null) return {};
  const lists = JSON.parse(await readFile(path, "utf8")) as Record<string, Scalar[]>;
  return Object.fromEntries(Object.entries(lists).map(([column, values]) => [column, new Set(values)]));
}

function* lineage({ train, holdout, duplicates }: Built): Generator<RowLines> {
  const copies = new Map<Row, RowLines["duplicates"][number][]>();
  for (const { row, of, kind, similarity } of duplicates) {
    const copy = { line: row.line, kind, similarity };
    const known = copies.get(of);
    if (known === undefined) copies.set(of, [copy]);
    else known.push(copy);
  }
  for (const row of [...train, ...holdout]) yield { line: row.line, duplicates: copies.get(row) ?? [] };
}

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
