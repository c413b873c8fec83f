import type { Clock, Egress } from "../../core/index.ts";
import type { SourceConfig } from "./config.ts";

/** What a cell of a text file stands for. */
export type CellType = "text" | "number" | "boolean";

export type Format = "csv" | "jsonl" | "parquet" | "excel";

/** How a file is to be read. */
export interface TableOptions {
  /** Between the cells of CSV; found in the header where it is not told. */
  readonly delimiter?: string | undefined;
  /** Types of columns, held strictly. */
  readonly columns: Readonly<Record<string, CellType>>;
  /** Texts of a cell that mean nothing is there. */
  readonly nulls: readonly string[];
  /** Name of the Excel sheet; the first one where it is not told. */
  readonly sheet?: string | undefined;
  /** Rows get the columns `source_file` and `source_row`. */
  readonly origin?: boolean;
}

/** A file with rows: one of a folder, the body of an answer, what a program wrote. */
export interface Part {
  /** As messages call it. */
  readonly name: string;
  readonly path: string;
  readonly format: Format;
  /** A line `{"$cursor": ...}` is no row: it says where the next read begins. */
  readonly holdsCursor?: boolean;
  /** Size and time of change when it was found; a file that somebody else may write. */
  readonly version?: string;
}

/** Why a file was set aside. Rows are counted from 1, the header of CSV and Excel among them, as editors and spreadsheets do. */
export interface Refused {
  readonly name: string;
  readonly reason: string;
  readonly row?: number | undefined;
  readonly column?: string | undefined;
}

export interface PartReport {
  readonly name: string;
  readonly rows: number;
  readonly refused?: Refused | undefined;
  /** The fault may be gone at the next read. */
  readonly again?: boolean;
  /** What a person should know though the rows are in. */
  readonly notes: readonly string[];
  /** What the last `$cursor` line said. */
  readonly cursor?: unknown;
}

/** JSON; null before the first read. */
export type Cursor = unknown;

/** What a source brought, as files, so that rows never fill the memory of the process that serves. */
export interface Gathered {
  /** Files that somebody else wrote, to be read. */
  readonly parts: readonly Part[];
  /** Instead: rows that are JSON lines already. */
  readonly written?: { readonly path: string; readonly rows: number };
  /** What could not even be opened. */
  readonly refused: readonly Refused[];
  /** The next cursor, told the reports of the parts that were read: a part without one has to come again. */
  next(reports: readonly PartReport[]): Cursor;
  /** True when there is more than one read may bring. */
  readonly more: boolean;
}

export interface GatherInput<C extends SourceConfig = SourceConfig> {
  readonly source: C;
  readonly cursor: Cursor;
  /** An empty folder for this read. */
  readonly folder: string;
  /** Bytes one read may bring, about. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly egress: Egress;
  readonly clock: Clock;
  /** Rows that were pushed, from a position on. */
  readonly pushed: (after: number, limit: number) => Promise<readonly PushedRow[]>;
}

export interface PushedRow {
  readonly position: number;
  /** One JSON object. */
  readonly row: string;
}

/**
 * One kind of source. `source_failed` when the other side could not be reached or broke off (the step tries again),
 * `source_unreadable` when trying again changes nothing.
 */
export interface SourceKind<C extends SourceConfig = SourceConfig> {
  /** Brings what came after the cursor. */
  gather(input: GatherInput<C>): Promise<Gathered>;
  /** The watermark in words; null when there is none yet. */
  describe(cursor: Cursor): string | null;
}
