import type { BatchRecord } from "./repository.ts";

/** How a row becomes an input. Columns a row lacks are left out, so that the input's own schema says what is missing. */
export interface RowMapping {
  /** Field of the input -> column. */
  readonly map: Readonly<Record<string, string>> | null;
  /** Names of the input's fields. */
  readonly fields: readonly string[];
}

export function mapRow(row: Readonly<Record<string, unknown>>, { map, fields }: RowMapping): Record<string, unknown> {
  const pairs = map === null ? fields.map((field) => [field, field] as const) : Object.entries(map);
  return Object.fromEntries(pairs.filter(([, column]) => Object.hasOwn(row, column)).map(([field, column]) => [field, row[column]]));
}

/** The input that a row of this batch is: of an upload without a mapping the line itself. */
export function inputOf(
  values: Readonly<Record<string, unknown>>,
  { batch, mapping }: { readonly batch: Pick<BatchRecord, "map" | "source">; readonly mapping: RowMapping },
): Readonly<Record<string, unknown>> {
  return batch.map === null && batch.source.startsWith("upload:") ? values : mapRow(values, mapping);
}

/** The columns it reads. */
export function columnsOf({ map, fields }: RowMapping): string[] {
  return [...new Set(map === null ? fields : Object.values(map))];
}
