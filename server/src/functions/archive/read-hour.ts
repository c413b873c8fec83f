import type { Context } from "../../core/index.ts";
import type { Sql } from "../../storage/index.ts";
import { idsOf } from "./hours.ts";
import { type StoredInference, type StoredShadow, readInferences, readShadows } from "./repository.ts";
import type { ArchiveKind } from "./types.ts";

const sliceBytes = 1024 * 1024;
const mostRows = 500;

export interface HourQuery {
  readonly kind: ArchiveKind;
  readonly hour: string;
  /** Only after this id. */
  readonly after?: string | null;
}

/** The rows of an hour in SQL, in the order of their ids, read in slices of about a mebibyte: short ones, so that others have their turn. */
export async function* readHour(sql: Sql, context: Context, query: HourQuery): AsyncGenerator<(StoredInference | StoredShadow)[]> {
  const read = query.kind === "inferences" ? readInferences : readShadows;
  let after = query.after ?? null;
  let limit = 50;
  for (;;) {
    const slice = await sql.as(context, (tx) => read(tx, { ...idsOf(query.hour), after, limit }));
    if (slice.length === 0) return;
    yield slice;
    if (slice.length < limit) return;
    after = slice.at(-1)!.id;
    const bytes = slice.reduce((sum, row) => sum + sizeOf(row), 0) / slice.length;
    limit = Math.max(1, Math.min(mostRows, Math.floor(sliceBytes / bytes)));
  }
}

/** Characters of a row's texts, nearly. */
function sizeOf(row: object): number {
  return Object.values(row).reduce((sum: number, value: unknown) => sum + (typeof value === "string" ? value.length : 8), 0);
}
