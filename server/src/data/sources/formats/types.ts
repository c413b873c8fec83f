import type { CellType, Part, TableOptions } from "../types.ts";
import type { RowWriter } from "./row-writer.ts";

export interface FormatInput {
  readonly part: Part;
  readonly table: TableOptions;
  /** Types of the columns of the files read before. */
  readonly known: Readonly<Record<string, CellType>>;
  readonly out: RowWriter;
  /** A folder for work in progress. */
  readonly scratch: string;
}

export interface FormatResult {
  readonly notes: readonly string[];
  /** Types that later files are held to. */
  readonly types?: Readonly<Record<string, CellType>>;
  /** What the last `$cursor` line said. */
  readonly cursor?: unknown;
}

/** Writes the rows of a file as JSON lines. `Refusal` names row and column; what was written by then is taken back. */
export type FormatReader = (input: FormatInput) => Promise<FormatResult>;
