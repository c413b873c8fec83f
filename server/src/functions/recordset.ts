// As JSON escapes them: NUL and surrogates, of which only lone ones come out of JSON.stringify escaped.
const unholdable = /\\u0000|\\ud[89a-f]/;

/**
 * The batch as one JSON text. PostgreSQL's JSON functions refuse NUL and lone surrogates even in parts they only hand on: a
 * batch that holds one carries its structured fields as JSON texts of their own, and plain text with U+FFFD in their place.
 */
export function toRecordset(records: readonly unknown[]): string {
  const text = JSON.stringify(records);
  return unholdable.test(text) ? JSON.stringify(records.map(toHoldable)) : text;
}

function toHoldable(record: unknown): unknown {
  return Object.fromEntries(
    Object.entries(record as Record<string, unknown>).map(([field, value]) => {
      if (typeof value === "string") return [field, value.toWellFormed().replaceAll("\0", "\ufffd")];
      return [field, typeof value === "object" && value !== null ? JSON.stringify(value) : value];
    }),
  );
}
