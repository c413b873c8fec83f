import type { DuckDBConnection } from "@duckdb/node-api";
import { AppError } from "../../core/index.ts";
import { quoteName, quoteText } from "./quote.ts";
import type { LakeFilter, LakeValue, ReadParquetOptions } from "./types.ts";

/** The columns of a Parquet file: name and DuckDB type. */
export async function describeFile(connection: DuckDBConnection, path: string): Promise<Map<string, string>> {
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`);
  return new Map(described.getRows().map(([name, type]) => [String(name), String(type)]));
}

/** A SELECT with its parameters. Names are checked against the file and quoted; values are only ever parameters. */
export async function readStatement(
  connection: DuckDBConnection,
  path: string,
  options: ReadParquetOptions,
): Promise<{ sql: string; params: LakeValue[] }> {
  const columns = await describeFile(connection, path);
  const params: LakeValue[] = [];

  function name(column: string): string {
    if (columns.has(column)) return quoteName(column);
    throw new AppError("lake_query_failed", `The file has no column ${JSON.stringify(column)}.`, {
      details: { column, columns: [...columns.keys()] },
    });
  }

  function parameter(column: string, value: LakeValue): string {
    params.push(value !== null && typeof value === "object" ? JSON.stringify(value) : value);
    return `CAST($${params.length} AS ${columns.get(column)})`;
  }

  function condition({ column, operator, value }: LakeFilter): string {
    const left = name(column);
    switch (operator) {
      case "is null":
        return `${left} IS NULL`;
      case "is not null":
        return `${left} IS NOT NULL`;
      case "in": {
        const values = Array.isArray(value) ? value : [value ?? null];
        return values.length === 0 ? "false" : `${left} IN (${values.map((item) => parameter(column, item)).join(", ")})`;
      }
      case "=":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
        return `${left} ${operator} ${parameter(column, value ?? null)}`;
    }
  }

  const parts = [`SELECT ${options.columns?.map(name).join(", ") ?? "*"} FROM read_parquet(${quoteText(path)})`];
  if (options.where !== undefined && options.where.length > 0) parts.push(`WHERE ${options.where.map(condition).join(" AND ")}`);
  if (options.orderBy !== undefined && options.orderBy.length > 0) {
    parts.push(
      `ORDER BY ${options.orderBy.map(({ column, descending }) => `${name(column)} ${descending === true ? "DESC" : "ASC"} NULLS LAST`).join(", ")}`,
    );
  }
  if (options.limit !== undefined) parts.push(`LIMIT ${count(options.limit)}`);
  if (options.offset !== undefined) parts.push(`OFFSET ${count(options.offset)}`);
  return { sql: parts.join(" "), params };
}

function count(value: number): string {
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  throw new AppError("lake_query_failed", `A limit or offset is a whole number from 0 on, not ${String(value)}.`);
}
