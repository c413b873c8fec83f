/** Column types of datasets. Timestamps and dates travel as ISO 8601 text in UTC; json as any JSON value. */
export type ColumnType = "text" | "integer" | "number" | "boolean" | "timestamp" | "date" | "json";

export interface LakeColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export type LakeValue = string | number | boolean | null | LakeValue[] | { [key: string]: LakeValue };
export type LakeRow = Record<string, LakeValue>;

/** A Parquet file: its path or, inside one `run`, the file that an earlier step of it wrote. */
export type LakeFile = string | { readonly step: number };

export interface WriteParquetInput {
  readonly rows?: readonly LakeRow[];
  /** Instead of `rows`: a file with one JSON object a line. */
  readonly jsonlPath?: string;
  readonly columns: readonly LakeColumn[];
  /** Where the file goes; its name is `<hash>.parquet`. */
  readonly folder: string;
}

export interface ParquetFile {
  readonly path: string;
  /** SHA-256 of the file. The same rows, columns and DuckDB version give the same hash. */
  readonly hash: string;
  readonly size: number;
  readonly rows: number;
}

export interface LakeFilter {
  readonly column: string;
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "is null" | "is not null";
  readonly value?: LakeValue;
}

export interface ReadParquetOptions {
  readonly columns?: readonly string[];
  /** All must hold. */
  readonly where?: readonly LakeFilter[];
  readonly orderBy?: readonly { readonly column: string; readonly descending?: boolean }[];
  readonly limit?: number;
  readonly offset?: number;
}

export interface LakeQuery {
  /** One SELECT. Each name in `files` is a view over that Parquet file (or those); `$name` refers to `params`. */
  readonly sql: string;
  readonly files: Readonly<Record<string, LakeFile | readonly LakeFile[]>>;
  readonly params?: Readonly<Record<string, LakeValue>>;
}

export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly count: number;
  readonly nulls: number;
  readonly distinct: number;
  /** Text is cut at 200 characters; times are ISO 8601; null without values. */
  readonly min: LakeValue;
  readonly max: LakeValue;
  /**
   * Numbers only: mean, standard deviation and the quantiles 0.05, 0.25, 0.5, 0.75, 0.95. Past a million rows the quantiles are
   * those of about as many, spread over the file: off by less than 0.002 of the rows.
   */
  readonly mean?: number | null;
  readonly standardDeviation?: number | null;
  readonly quantiles?: readonly number[] | null;
  /** Text only: characters. */
  readonly minLength?: number | null;
  readonly maxLength?: number | null;
}

/** Rules of one column. What is not given is not asked. */
export interface ColumnCheck {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable?: boolean;
  /** At most this share of the rows is null. */
  readonly nullShare?: number;
  /** Numbers, or ISO 8601 text for timestamps. */
  readonly minimum?: number | string;
  readonly maximum?: number | string;
  /** Characters of a text. */
  readonly maxLength?: number;
  readonly values?: readonly (string | number | boolean)[];
  /** A regular expression of RE2 that a whole text matches. */
  readonly pattern?: string;
  readonly unique?: boolean;
}

export interface BrokenRule {
  readonly column: string;
  readonly rule: "present" | "type" | "null" | "nullShare" | "range" | "length" | "values" | "pattern" | "unique";
  /** Rows that break it; for `nullShare` and `unique` those too many. 0: it holds. Null: a pattern that RE2 has no way to say. */
  readonly broken: number | null;
}

export interface TableProfile {
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
  /** One for each rule that was asked for. */
  readonly rules: readonly BrokenRule[];
}

/** One statement of a job. */
export type LakeStep =
  | ({ readonly kind: "write" } & WriteParquetInput)
  | ({ readonly kind: "read"; readonly path: LakeFile } & ReadParquetOptions)
  | ({ readonly kind: "query" } & LakeQuery)
  /** Writes the rows of a SELECT as a Parquet file. */
  | ({ readonly kind: "derive"; readonly folder: string } & LakeQuery)
  | { readonly kind: "profile"; readonly path: LakeFile; readonly checks?: readonly ColumnCheck[] }
  /** The rows of a file as JSON, one object a line, in the shape `read` answers. `jsonlPath` must not exist. */
  | { readonly kind: "export"; readonly path: LakeFile; readonly jsonlPath: string };

export interface LakeResults {
  write: ParquetFile;
  read: LakeRow[];
  query: LakeRow[];
  derive: ParquetFile;
  profile: TableProfile;
  export: { readonly rows: number };
}

/** The results of `run`, in the order and by the kind of its steps. */
export type LakeResult<S extends readonly LakeStep[]> = { -readonly [I in keyof S]: LakeResults[S[I]["kind"]] };

export interface LakeOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Columnar files, queried by DuckDB in a task process. Starting one costs about 0.2 s: give `run` all the steps of a job. */
export interface Lake {
  run<const S extends readonly LakeStep[]>(steps: S, options?: LakeOptions): Promise<LakeResult<S>>;
  writeParquet(input: WriteParquetInput, options?: LakeOptions): Promise<ParquetFile>;
  readParquet(path: string, query?: ReadParquetOptions, options?: LakeOptions): Promise<LakeRow[]>;
  query(query: LakeQuery, options?: LakeOptions): Promise<LakeRow[]>;
  profile(path: string, checks?: readonly ColumnCheck[], options?: LakeOptions): Promise<TableProfile>;
}
