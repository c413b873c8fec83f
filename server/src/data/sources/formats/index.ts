import { extname } from "node:path";
import type { Format } from "../types.ts";
import { readCsv } from "./csv.ts";
import { readExcel } from "./excel.ts";
import { readJsonLines } from "./jsonl.ts";
import { readParquet } from "./parquet.ts";
import type { FormatReader } from "./types.ts";

/** Every format a file of rows may have. */
export const formats: Record<Format, FormatReader> = {
  csv: readCsv,
  jsonl: readJsonLines,
  parquet: readParquet,
  excel: readExcel,
};

const byEnding: Record<string, Format> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".parquet": "parquet",
  ".xlsx": "excel",
};

/** The format a file's name tells; `.gz` behind it says how it is packed. */
export function formatOf(name: string): Format | undefined {
  return byEnding[extname(name.replace(/\.gz$/i, "")).toLowerCase()];
}
