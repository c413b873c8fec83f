import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, type DuckDBValue, StatementType } from "@duckdb/node-api";
import { AppError } from "../../core/index.ts";
import { columnConverter } from "./convert-value.ts";
import { type DuckDbLimits, openDuckDb } from "./open-duckdb.ts";
import { profileFile } from "./profile-file.ts";
import { quoteName, quoteText } from "./quote.ts";
import { readStatement } from "./read-statement.ts";
import type { ColumnType, LakeFile, LakeQuery, LakeStep, LakeValue, ParquetFile, TableProfile } from "./types.ts";
import { type ResultRows, RowSink } from "./write-rows.ts";

export interface LakeJob {
  readonly steps: readonly LakeStep[];
  /** A folder of this job's own. */
  readonly scratch: string;
  readonly limits: DuckDbLimits;
}

export type StepResult = ParquetFile | ResultRows | TableProfile | { readonly rows: number };

const duckDbTypes: Record<ColumnType, string> = {
  text: "VARCHAR",
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  timestamp: "TIMESTAMP",
  date: "DATE",
  json: "JSON",
};

/** The largest row, as JSON. The reader allocates twice as much for each thread. */
const maxRowBytes = 16 * 1024 * 1024;

/** Runs the steps in one locked DuckDB. For task processes only: a query may take all memory, or crash. */
export async function executeSteps(job: LakeJob): Promise<StepResult[]> {
  const connection = await openDuckDb({ files: job.steps.flatMap(inputFiles), scratch: job.scratch }, job.limits);
  const results: StepResult[] = [];
  for (const [index, step] of job.steps.entries()) {
    try {
      results.push(await executeStep(connection, { job, index, step }));
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new AppError("lake_query_failed", message.split("\n")[0], { details: { step: index, kind: step.kind, message }, cause });
    }
  }
  connection.closeSync();
  return results;
}

interface Place {
  readonly job: LakeJob;
  readonly index: number;
  readonly step: LakeStep;
}

async function executeStep(connection: DuckDBConnection, { job, index, step }: Place): Promise<StepResult> {
  const paths = (file: LakeFile) => (typeof file === "string" ? file : stepFile(job, file.step));
  switch (step.kind) {
    case "write":
      return writeParquet(connection, {
        source: readJsonLines(step.jsonlPath ?? "", step.columns),
        folder: step.folder,
        written: stepFile(job, index),
      });
    case "derive":
      await checkQuery(connection, step, paths);
      return writeParquet(connection, { source: step.sql, folder: step.folder, written: stepFile(job, index), params: step.params });
    case "read": {
      const { sql, params } = await readStatement(connection, paths(step.path), step);
      return collectRows(connection, { sql, params, file: join(job.scratch, `rows-${index}.jsonl`) });
    }
    case "query":
      await checkQuery(connection, step, paths);
      return collectRows(connection, { sql: step.sql, params: step.params, file: join(job.scratch, `rows-${index}.jsonl`) });
    case "profile":
      return profileFile(connection, paths(step.path), step.checks);
    case "export":
      return exportRows(connection, `SELECT * FROM read_parquet(${quoteText(paths(step.path))})`, step.jsonlPath);
  }
}

function stepFile(job: LakeJob, index: number): string {
  return join(job.scratch, `step-${index}.parquet`);
}

/** Files that exist before the job; what the job itself writes lies in its scratch folder. */
function inputFiles(step: LakeStep): string[] {
  switch (step.kind) {
    case "write":
      return step.jsonlPath === undefined ? [] : [step.jsonlPath];
    case "query":
    case "derive":
      return Object.values(step.files)
        .flat()
        .filter((file) => typeof file === "string");
    case "read":
    case "profile":
    case "export":
      return typeof step.path === "string" ? [step.path] : [];
  }
}

function readJsonLines(path: string, columns: readonly { name: string; type: ColumnType }[]): string {
  const types = columns.map(({ name, type }) => `${quoteName(name)}: ${quoteText(duckDbTypes[type])}`).join(", ");
  return `SELECT * FROM read_json(${quoteText(path)}, format = 'newline_delimited', maximum_object_size = ${maxRowBytes}, columns = {${types}})`;
}

/** One SELECT and nothing else, over views with the names of its files. */
async function checkQuery(connection: DuckDBConnection, query: LakeQuery, paths: (file: LakeFile) => string): Promise<void> {
  for (const [name, files] of Object.entries(query.files)) {
    const list = [files].flat().map((file) => quoteText(paths(file)));
    await connection.run(`CREATE OR REPLACE TEMP VIEW ${quoteName(name)} AS SELECT * FROM read_parquet([${list.join(", ")}])`);
  }
  const statements = await connection.extractStatements(query.sql);
  const type = statements.count === 1 ? (await statements.prepare(0)).statementType : undefined;
  if (type !== StatementType.SELECT) {
    throw new AppError("lake_query_failed", "Only one SELECT statement is allowed over a dataset's files.", {
      details: { statements: statements.count },
    });
  }
}

interface Writing {
  readonly source: string;
  readonly folder: string;
  readonly written: string;
  readonly params?: LakeQuery["params"] | undefined;
}

/**
 * Written to scratch, then linked to its name: the folder never holds half a file. By way of a table, because straight from a
 * reader the file's row groups, and with them its hash, depend on the number of threads and on how the source was laid out.
 */
async function writeParquet(connection: DuckDBConnection, { source, folder, written, params }: Writing): Promise<ParquetFile> {
  await connection.run(`CREATE TEMP TABLE written_rows AS ${source}`, params as Record<string, DuckDBValue> | undefined);
  const copied = await connection.runAndReadAll(
    `COPY (SELECT * FROM written_rows ORDER BY rowid) TO ${quoteText(written)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
  );
  await connection.run("DROP TABLE written_rows");
  const rows = Number(copied.getRows()[0]![0]);
  const hash = await hashFile(written);
  const path = join(folder, `${hash}.parquet`);
  await mkdir(folder, { recursive: true });
  await linkFile(written, path);
  return { path, hash, size: (await stat(path)).size, rows };
}

async function linkFile(from: string, to: string): Promise<void> {
  await syncPath(from);
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return; // The same hash: the same bytes.
    await copyFile(from, to); // Another disk, or one without links.
    await syncPath(to);
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function hashFile(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) digest.update(chunk as Buffer);
  return digest.digest("hex");
}

interface Collecting {
  readonly sql: string;
  readonly params?: Readonly<Record<string, LakeValue>> | LakeValue[] | undefined;
  readonly file: string;
}

async function collectRows(connection: DuckDBConnection, { sql, params, file }: Collecting): Promise<ResultRows> {
  const sink = new RowSink(file);
  for await (const rows of streamRows(connection, sql, params)) await sink.add(rows);
  return sink.finish();
}

async function exportRows(connection: DuckDBConnection, sql: string, path: string): Promise<{ rows: number }> {
  const handle = await open(path, "wx", 0o600);
  try {
    let count = 0;
    for await (const rows of streamRows(connection, sql)) {
      await handle.writeFile(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      count += rows.length;
    }
    return { rows: count };
  } finally {
    await handle.close();
  }
}

async function* streamRows(
  connection: DuckDBConnection,
  sql: string,
  params?: Collecting["params"],
): AsyncGenerator<Record<string, LakeValue>[]> {
  const result = await connection.stream(sql, params as Record<string, DuckDBValue> | DuckDBValue[] | undefined);
  const names = result.deduplicatedColumnNames();
  const converters = result.columnTypes().map(columnConverter);
  for await (const chunk of result) {
    yield chunk.getRows().map((values) => {
      const row: Record<string, LakeValue> = {};
      for (let column = 0; column < names.length; column++) row[names[column]!] = converters[column]!(values[column]!);
      return row;
    });
  }
}
