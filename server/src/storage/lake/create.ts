import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError, createId, runTask, type TaskOptions } from "../../core/index.ts";
import type { LakeJob, StepResult } from "./execute-steps.ts";
import type { Lake, LakeFile, LakeOptions, LakeResult, LakeRow, LakeStep } from "./types.ts";
import type { ResultRows } from "./write-rows.ts";

export interface LakeDeps {
  /** A folder for files that live as long as one job; on the disk of the datasets, so that results are linked, not copied. */
  readonly scratchFolder: string;
  /** Memory of DuckDB in one task; 1,024 MiB. Past it, it spills to the scratch folder, then fails. */
  readonly memoryMb?: number;
  /** 2. */
  readonly threads?: number;
  /** How the task is started; tests replace it. */
  readonly startTask?: (job: unknown, options: TaskOptions) => Promise<StepResult[]>;
}

/** How long parsing or printing rows may hold the event loop, in milliseconds. */
const sliceMs = 5;

export function createLake(deps: LakeDeps): Lake {
  const limits = { memoryMb: deps.memoryMb ?? 1024, threads: deps.threads ?? 2 };
  const startTask = deps.startTask ?? ((job, options) => runTask<StepResult[]>({ name: "lake-task", base: import.meta.url }, job, options));

  async function run<const S extends readonly LakeStep[]>(steps: S, options: LakeOptions = {}): Promise<LakeResult<S>> {
    const scratch = resolve(deps.scratchFolder, createId());
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    try {
      const prepared: LakeStep[] = [];
      for (const [index, step] of steps.entries()) prepared.push(await prepareStep(step, join(scratch, `input-${index}.jsonl`)));
      const results = await startTask({ steps: prepared, scratch, limits }, options);
      const finished: unknown[] = [];
      for (const [index, result] of results.entries()) finished.push(await finishResult(steps[index]!, result));
      return finished as LakeResult<S>;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  return {
    run,
    writeParquet: async (input, options) => (await run([{ kind: "write", ...input }], options))[0],
    readParquet: async (path, query, options) => (await run([{ kind: "read", path, ...query }], options))[0],
    query: async (query, options) => (await run([{ kind: "query", ...query }], options))[0],
    profile: async (path, checks = [], options = {}) => (await run([{ kind: "profile", path, checks }], options))[0],
  };
}

/** The same lake for code that runs in a task process already: DuckDB runs right there, without a second process. */
export function createLakeInTask(deps: Omit<LakeDeps, "startTask">): Lake {
  return createLake({
    ...deps,
    startTask: async (job) => {
      // Only here: loading DuckDB costs memory that a serving process should not pay.
      const { executeSteps } = await import("./execute-steps.ts");
      return executeSteps(job as LakeJob);
    },
  });
}

/** Absolute paths, and rows in a file: a task process is given files, not data. */
async function prepareStep(step: LakeStep, input: string): Promise<LakeStep> {
  switch (step.kind) {
    case "write": {
      const { rows, ...rest } = step;
      if ((rows === undefined) === (step.jsonlPath === undefined))
        throw new AppError("internal", "A write step takes either rows or jsonlPath.");
      if (rows !== undefined) await writeJsonLines(input, rows);
      return { ...rest, jsonlPath: rows === undefined ? resolve(step.jsonlPath!) : input, folder: resolve(step.folder) };
    }
    case "read":
    case "profile":
      return { ...step, path: absolute(step.path) };
    case "export":
      return { ...step, path: absolute(step.path), jsonlPath: resolve(step.jsonlPath) };
    case "query":
      return { ...step, files: absoluteFiles(step.files) };
    case "derive":
      return { ...step, files: absoluteFiles(step.files), folder: resolve(step.folder) };
  }
}

function absolute(file: LakeFile): LakeFile {
  return typeof file === "string" ? resolve(file) : file;
}

function absoluteFiles(files: Readonly<Record<string, LakeFile | readonly LakeFile[]>>): Record<string, LakeFile[]> {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, [file].flat().map((item) => absolute(item))]));
}

async function finishResult(step: LakeStep, result: StepResult): Promise<unknown> {
  if (step.kind !== "read" && step.kind !== "query") return result;
  const { rows, file } = result as ResultRows;
  return file === undefined ? rows : readJsonLines(file);
}

/** One JSON object a line. Lone surrogates, which are no text outside JavaScript, become U+FFFD. */
async function writeJsonLines(path: string, rows: readonly LakeRow[]): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    let index = 0;
    while (index < rows.length) {
      const started = performance.now();
      let text = "";
      while (index < rows.length && text.length < 4_000_000 && performance.now() - started < sliceMs)
        text += `${jsonLine(rows[index++]!)}\n`;
      await handle.writeFile(text);
    }
  } finally {
    await handle.close();
  }
}

function jsonLine(row: LakeRow): string {
  const text = JSON.stringify(row);
  if (!text.includes("\\ud")) return text;
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === "string" ? value.toWellFormed() : value));
}

async function readJsonLines(path: string): Promise<LakeRow[]> {
  const bytes = await readFile(path);
  const rows: LakeRow[] = [];
  let started = performance.now();
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start);
    rows.push(JSON.parse(bytes.toString("utf8", start, end)) as LakeRow);
    start = end + 1;
    if (performance.now() - started < sliceMs) continue;
    await new Promise((resolveTurn) => setImmediate(resolveTurn));
    started = performance.now();
  }
  return rows;
}
