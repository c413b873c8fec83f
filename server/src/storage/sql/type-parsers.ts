import pg from "pg";

/** PostgreSQL's text of a timestamp as ISO 8601 in UTC, to the millisecond. Infinity and years BC stay as they are. */
export function instantText(text: string): string {
  const normalized = text.replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00");
  const time = Date.parse(/[+-]\d{2}:\d{2}$|Z$/.test(normalized) ? normalized : `${normalized}Z`);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
}

function keepText(text: string): string {
  return text;
}

// Its type declaration says a function; it is an object with `create`.
const arrayParser = pg.types.arrayParser as unknown as {
  create(text: string, transform: (entry: string) => unknown): { parse(): unknown[] };
};

function listOf(transform: (text: string) => unknown): (text: string) => unknown {
  return (text) => arrayParser.create(text, transform).parse();
}

// int8, numeric, date, timestamp, timestamptz, interval, point, circle; then the lists of the first five.
const ours = new Map<number, (text: string) => unknown>([
  [20, keepText],
  [1700, keepText],
  [1082, keepText],
  [1114, instantText],
  [1184, instantText],
  [1186, keepText],
  [600, keepText],
  [718, keepText],
  [1016, listOf(keepText)],
  [1231, listOf(keepText)],
  [1182, listOf(keepText)],
  [1115, listOf(instantText)],
  [1185, listOf(instantText)],
]);

/** What turns a column's text into a JavaScript value, by the type's oid; both stores use this one. */
export function parserOf(oid: number): (text: string) => unknown {
  return ours.get(oid) ?? (pg.types.getTypeParser(oid, "text") as (text: string) => unknown);
}

/** `parserOf` as `pg` takes it. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: "text" | "binary" = "text") =>
    format === "text" ? parserOf(oid) : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};

/**
 * A parameter as `pg` would send it, so that a statement takes the same values on both stores: lists become PostgreSQL
 * arrays, other objects JSON (so a JSON column wants `JSON.stringify`ed lists), bytes stay bytes.
 */
export function toParameter(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return toArrayText(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function toArrayText(list: readonly unknown[]): string {
  const entries = list.map((entry) => {
    if (entry === null || entry === undefined) return "NULL";
    if (Array.isArray(entry)) return toArrayText(entry);
    if (entry instanceof Uint8Array) return `\\\\x${Buffer.from(entry).toString("hex")}`;
    return `"${String(toParameter(entry)).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `{${entries.join(",")}}`;
}
