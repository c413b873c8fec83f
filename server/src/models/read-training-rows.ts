import { createLakeInTask, type LakeRow } from "../storage/index.ts";
import { type InputColumn, readColumn } from "./read-columns.ts";
import type { TrainingRows } from "./trainers/index.ts";

/** What of a dataset's file is read, and how. */
export interface RowsToRead {
  readonly parquetPath: string;
  readonly scratchFolder: string;
  readonly task: "classification" | "regression";
  /** Features, in the signature's order. */
  readonly columns: readonly InputColumn[];
  readonly labelColumn: string;
}

/** The labelled rows in the file's order, with `_split` and `more`. In a task process. Rows without a label teach nothing and are left out. */
export async function readRows(
  { parquetPath, scratchFolder, columns, labelColumn }: RowsToRead,
  more: readonly string[],
): Promise<LakeRow[]> {
  const names = [...new Set([...columns.map(({ name }) => name), labelColumn, ...more, "_split"])];
  const rows = await createLakeInTask({ scratchFolder }).readParquet(parquetPath, { columns: names });
  return rows.filter((row) => row[labelColumn] !== null);
}

export function toColumns(rows: readonly LakeRow[], { columns }: Pick<RowsToRead, "columns">): TrainingRows["columns"] {
  return columns.map((column) =>
    readColumn(
      column,
      rows.map((row) => row[column.name]),
    ),
  );
}

export function toTrainingRows(rows: readonly LakeRow[], job: RowsToRead): TrainingRows {
  const { labelColumn, task } = job;
  const columns = toColumns(rows, job);
  if (task === "regression") {
    const target = Float64Array.from(rows, (row) => Number(row[labelColumn]));
    return { task, count: rows.length, columns, target, labels: [] };
  }
  const truth = rows.map((row) => String(row[labelColumn]));
  const labels = [...new Set(truth)].sort();
  const positions = new Map(labels.map((label, index) => [label, index]));
  return { task, count: rows.length, columns, target: Float64Array.from(truth, (label) => positions.get(label)!), labels };
}
