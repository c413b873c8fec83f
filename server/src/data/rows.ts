/** What a cell holds. */
export type Scalar = string | number | boolean | null;

/** One object of the input, where it stood and what it said. */
export interface ParsedRow {
  /** 1 is the first line of the file; blank lines count. */
  readonly line: number;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A row that keeps the contract: instants are ISO 8601 in UTC. */
export interface Row {
  readonly line: number;
  readonly values: Readonly<Record<string, Scalar>>;
}

/** A row that was set aside. `group` is the same for all rows with the same fault, `reason` adds what this one had. */
export interface Rejection {
  readonly line: number;
  readonly group: string;
  readonly reason: string;
  readonly row: unknown;
}

/** What the columns are for. */
export interface Roles {
  readonly timeColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly featureColumns: readonly string[];
  readonly keyColumn?: string | undefined;
  /** To be marked in the contract. */
  readonly sensitiveColumns?: readonly string[] | undefined;
}

const longestShown = 80;

/** A value as a message shows it: JSON, cut. */
export function showValue(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}… (${text.length} characters)` : text;
}
