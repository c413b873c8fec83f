import type { Clock, Context, Logger } from "../../core/index.ts";
import type { EvidenceCheck, Governance } from "../../governance/index.ts";
import type { RetainedKind, Retention } from "./periods.ts";
import type { StoredInference } from "./repository.ts";
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

/** Evidence whose time in SQL is over. */
export interface DueEvidence {
  readonly kind: RetainedKind;
  /** The day of bodies, the month of lists and shadows. */
  readonly name: string;
  readonly rows: number;
  /** What its partition takes. */
  readonly bytes: number;
  /** Why it has to stay; null when nothing keeps it. */
  readonly blockedBy: string | null;
}

/** Where an inference that has left SQL is. */
export interface Archived {
  /** The file, below the lake's folder. */
  readonly path: string;
  /** Null when this node cannot read the file. */
  readonly row: StoredInference | null;
}

export interface ErasedBody {
  readonly id: string;
  /** False when it was erased before. */
  readonly changed: boolean;
  /** Files of the lake that were written anew. */
  readonly files: number;
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
  readonly retention: Retention;
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
  /** An inference in the files; null when no file speaks of it. */
  find(context: Context, id: string): Promise<Archived | null>;
  /** Erases what went in and came out of one inference, in SQL and in files. Its seal still fits. Audited; a repeat changes nothing. */
  erase(context: Context, id: string): Promise<ErasedBody>;
  /** What `retain` would do now. */
  due(): Promise<DueEvidence[]>;
  /** The same with the rule, as the API shows it. */
  retention(): Promise<Retention & { readonly due: DueEvidence[] }>;
  /** Drops whole partitions of evidence past its retention that is in files; answers what went. */
  retain(options?: { readonly signal?: AbortSignal | undefined }): Promise<DueEvidence[]>;
  /** The files of a project, oldest hour first. */
  files(context: Context, query: { readonly kind: ArchiveKind; readonly hour?: string }): Promise<ArchiveFile[]>;
}
