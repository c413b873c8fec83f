import type {
  SplitRequest,
  CreateDataset,
  DataContract,
  Dataset,
  DatasetComparison,
  DatasetTag,
  RowSource,
  DatasheetStatements,
  DatasetDetail,
  DatasetLineage,
  DatasetProfile,
  quarantinedRowSchema,
  uploadSchema,
} from "@millrace/contract";
import type { z } from "zod";
import type { Context } from "../core/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";
import type { Features } from "./features/types.ts";
import type { Labels } from "./labels/create.ts";
import type { Sources } from "./sources/create-sources.ts";

export type Upload = z.infer<typeof uploadSchema>;
export type QuarantinedRow = z.infer<typeof quarantinedRowSchema>;
export type { CreateDataset, DataContract, Dataset, DatasetDetail, DatasetLineage, DatasetTag, RowSource };

export interface DatasetReference {
  readonly name: string;
  readonly version: number;
}

/** Where rows came from, for the lineage. */
export interface LineageSource {
  readonly kind: "upload" | "inferences" | "dataset";
  readonly reference: string;
  readonly rows: number;
}

/** What `createFromRows` needs beside the rows themselves. */
export interface CreateFromRows {
  readonly name: string;
  /** Hash of a blob with one JSON object a line. */
  readonly blob: string;
  /** Without one the rows are in order of content and the split is not by time. */
  readonly timeColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly featureColumns: readonly string[];
  readonly keyColumn?: string | undefined;
  readonly contract: DataContract | "infer" | "inherit";
  readonly holdout: number;
  readonly split?: SplitRequest | undefined;
  readonly sensitiveColumns?: readonly string[] | undefined;
  readonly statements?: DatasheetStatements | undefined;
  /** Allows a contract that breaks with that of the last version. */
  readonly breaking?: boolean | undefined;
  readonly description: string;
  readonly sources: readonly LineageSource[];
  /** `name@version` this version grew out of. */
  readonly parent?: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

export interface VersionQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
}

export interface RowsQuery {
  readonly offset: number;
  readonly limit: number;
  readonly split?: "train" | "holdout" | undefined;
}

/**
 * A dataset version as programs use it. Its Parquet file has the contract's columns and `_split` (`train` or `holdout`),
 * ordered by time (by content without a time column).
 */
export interface Snapshot {
  readonly dataset: DatasetDetail;
  /** A local file; never write to it. */
  readonly path: string;
}

/** Uploads, contracts, dataset versions. */
export interface Data {
  readonly sources: Sources;
  readonly features: Features;
  readonly labels: Labels;
  /** Keeps the bytes as they came and counts their lines; what is wrong in them is said when a dataset is built. */
  upload(context: Context, bytes: AsyncIterable<Uint8Array>): Promise<Upload>;
  /** `not_found` */
  findUpload(context: Context, id: string): Promise<Upload>;
  /** Starts the workflow `data.create-dataset`; its result is the reference. `not_found` when the upload is unknown. */
  create(context: Context, input: CreateDataset): Promise<{ workflowId: string }>;
  /** The same work inside the caller's own workflow. Answers `name@version`. */
  createFromRows(context: Context, input: CreateFromRows, run: WorkflowRun): Promise<string>;
  list(context: Context, page: VersionQuery): Promise<Page<Dataset>>;
  /** `reference` is `name@version`, or `name` for its latest version. `unknown_dataset`. */
  get(context: Context, reference: string): Promise<DatasetDetail>;
  /** What became different between two versions, of one name or not. `unknown_dataset`. */
  compare(context: Context, from: string, to: string): Promise<DatasetComparison>;
  /** Its columns, and how many rows break each rule of its own contract, or of that of another version. Audited. `unknown_dataset` */
  profile(context: Context, reference: string, contract?: string): Promise<DatasetProfile>;
  /** Versions that this one grew out of, and those that grew out of it. `unknown_dataset`. */
  lineage(context: Context, reference: string): Promise<DatasetLineage>;
  /** Names a version, or takes the name away (null). Audited. `unknown_dataset`, `not_found`. */
  setTag(context: Context, tag: { name: string; tag: string; version: number | null }): Promise<DatasetTag>;
  /** Where a row came from: its line, and the lines that were left out for it. Audited. `not_found`. */
  trace(context: Context, reference: string, row: number): Promise<RowSource>;
  /** Audited. */
  rows(context: Context, reference: string, query: RowsQuery): Promise<{ rows: Record<string, unknown>[]; total: number }>;
  /** Audited. */
  quarantine(context: Context, reference: string, query: { limit: number }): Promise<QuarantinedRow[]>;
  /** The version and a local Parquet file of its kept rows. */
  snapshot(context: Context, reference: string): Promise<Snapshot>;
  /** The path alone. */
  snapshotPath(context: Context, reference: string): Promise<string>;
}
