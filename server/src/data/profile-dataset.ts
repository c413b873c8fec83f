import type { DataContract, DatasetProfile } from "@millrace/contract";
import type { ColumnCheck, Lake, LakeOptions } from "../storage/index.ts";
import { formatReference } from "./reference.ts";
import type { DatasetDetail } from "./types.ts";

export interface ProfileInput {
  readonly dataset: DatasetDetail;
  /** Its Parquet file. */
  readonly path: string;
  /** The version whose contract its rows are held to. */
  readonly heldTo: DatasetDetail;
}

/** Every column of a version as DuckDB counts it, and how many of its rows break each rule of a contract's columns. */
export async function profileDataset(
  { dataset, path, heldTo }: ProfileInput,
  deps: { readonly lake: Lake; readonly options: LakeOptions },
): Promise<DatasetProfile> {
  const profile = await deps.lake.profile(path, toChecks(heldTo.contract), deps.options);
  return {
    reference: formatReference(dataset),
    contract: formatReference(heldTo),
    rows: profile.rows,
    columns: profile.columns
      .filter(({ name }) => name !== "_split")
      .map(({ quantiles, ...column }) => ({
        ...column,
        ...(quantiles === undefined ? {} : { quantiles: quantiles === null ? null : [...quantiles] }),
      })),
    rules: profile.rules.map((rule) => ({ ...rule })),
  };
}

function toChecks({ columns }: DataContract): ColumnCheck[] {
  return columns.map((column) => ({
    name: column.name,
    type: column.type === "instant" ? "timestamp" : column.type,
    nullable: column.nullable,
    unique: column.unique,
    ...(column.nullShare === undefined ? {} : { nullShare: column.nullShare }),
    ...(column.minimum === null ? {} : { minimum: column.minimum }),
    ...(column.maximum === null ? {} : { maximum: column.maximum }),
    ...(column.maxLength === null ? {} : { maxLength: column.maxLength }),
    ...(column.values === null ? {} : { values: column.values }),
    ...(column.pattern === undefined ? {} : { pattern: column.pattern }),
  }));
}
