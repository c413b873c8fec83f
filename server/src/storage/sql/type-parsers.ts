import pg from "pg";

/** PostgreSQL's text of a timestamp as ISO 8601 in UTC, to the millisecond. Infinity stays as it is. */
export function instantText(text: string): string {
  const normalized = text.replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00");
  const time = Date.parse(/[+-]\d{2}:\d{2}$|Z$/.test(normalized) ? normalized : `${normalized}Z`);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
}

const keepText = (text: string) => text;
const overrides: Record<number, (text: string) => unknown> = {
  20: keepText,
  1700: keepText,
  1082: keepText,
  1114: instantText,
  1184: instantText,
};

/** `pg` type parsers that give what the embedded store gives: 64-bit integers and numerics as text, instants as ISO 8601 text. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: "text" | "binary" = "text") =>
    (format === "text" ? overrides[oid] : undefined) ?? pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};
