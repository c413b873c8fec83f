import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { LakeValue } from "./types.ts";

/** How one column's values become JSON values: a function, chosen once per column. */
export function columnConverter(type: DuckDBType): (value: DuckDBValue) => LakeValue {
  if (type.alias === "JSON") return (value) => (value === null ? null : (JSON.parse(String(value)) as LakeValue));
  return convertValue;
}

function convertValue(value: DuckDBValue): LakeValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null; // JSON has no NaN and no infinity.
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    default:
      return value === null ? null : convertObject(value);
  }
}

function convertObject(value: NonNullable<DuckDBValue> & object): LakeValue {
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return instant(value.micros);
  if (value instanceof DuckDBDateValue) return value.toString();
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBTimestampMillisecondsValue) return instant(value.millis * 1000n);
  if (value instanceof DuckDBTimestampSecondsValue) return instant(value.seconds * 1_000_000n);
  if (value instanceof DuckDBTimestampNanosecondsValue) return instant(value.nanos / 1000n);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(convertValue);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, item]) => [name, convertValue(item)]));
  if (value instanceof DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({ key, value: item }) => [String(key), convertValue(item)]));
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString("base64");
  return String(value);
}

/** ISO 8601 with milliseconds, or with microseconds where there are any. */
function instant(micros: bigint): string {
  const below = ((micros % 1000n) + 1000n) % 1000n;
  const text = new Date(Number((micros - below) / 1000n)).toISOString();
  return below === 0n ? text : text.replace("Z", `${String(below).padStart(3, "0")}Z`);
}
