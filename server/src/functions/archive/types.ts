import type { Clock, Context, Logger } from "../../core/index.ts";
import type { EvidenceCheck, Governance } from "../../governance/index.ts";
import type { Lake, Sql } from "../../storage/index.ts";

/** What is archived: inferences with their bodies, and what shadows would have answered. */
export type ArchiveKind = "inferences" | "shadows";

/** One Parquet file of one hour and function. */
export interface ArchiveFile {
  readonly kind: ArchiveKind;
  /** Start of the hour, ISO 8601. */
  readonly hour: string;
  /** Below the lake's folder. */
  readonly path: string;
  readonly function: string;
  readonly firstId: string;
  readonly lastId: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ClosedHours {
  readonly hours: number;
  readonly files: number;
  readonly rows: number;
}

export interface ArchiveDeps {
  readonly sql: Sql;
  readonly lake: Lake;
  /** `<data>/lake`. */
  readonly lakeFolder: string;
  readonly scratchFolder: string;
  readonly governance: Pick<Governance, "audit" | "seals">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bounds of one file, for tests: 100,000 rows and 128 MiB of JSON. */
  readonly partRows?: number;
  readonly partBytes?: number;
}

/** The life of evidence after the drain: from SQL into Parquet files of an hour, and out of SQL when its time is over. */
export interface Archive {
  /** Writes every hour that is over, of every project, and those that got late records. A repeat changes nothing. */
  closeHours(options?: { readonly signal?: AbortSignal | undefined }): Promise<ClosedHours>;
  /** Every sealed hour against its records: in SQL, or in files where SQL has them no more. For `audit verify`. */
  check(context: Context): Promise<EvidenceCheck>;
  /** The files of a project, oldest hour first. */
  files(context: Context, query: { readonly kind: ArchiveKind; readonly hour?: string }): Promise<ArchiveFile[]>;
}
