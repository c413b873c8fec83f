import type { DuckDBConnection } from "@duckdb/node-api";
import { columnConverter } from "./convert-value.ts";
import { quoteName, quoteText } from "./quote.ts";
import { describeFile } from "./read-statement.ts";
import type { ColumnProfile, LakeValue, TableProfile } from "./types.ts";

const numeric = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|DECIMAL)/;
const quantileSteps = [0.05, 0.25, 0.5, 0.75, 0.95];

/** Counts, range and distribution of every column, in one pass over each. */
export async function profileFile(connection: DuckDBConnection, path: string): Promise<TableProfile> {
  const columns = await describeFile(connection, path);
  const profiles: ColumnProfile[] = [];
  let rows = 0;
  for (const [name, type] of columns) {
    const found = await profileColumn(connection, { path, name, type });
    rows = found.rows;
    profiles.push(found.profile);
  }
  return { rows, columns: profiles };
}

async function profileColumn(
  connection: DuckDBConnection,
  { path, name, type }: { path: string; name: string; type: string },
): Promise<{ rows: number; profile: ColumnProfile }> {
  const isNumber = numeric.test(type);
  const isText = type === "VARCHAR";
  const column = type === "JSON" ? `CAST(${quoteName(name)} AS VARCHAR)` : quoteName(name);
  const shown = (aggregate: string) => (isText || type === "JSON" ? `left(${aggregate}(${column}), 200)` : `${aggregate}(${column})`);
  const parts = [
    `count(*) AS total`,
    `count(${column}) AS filled`,
    `count(DISTINCT ${column}) AS differing`,
    `${shown("min")} AS low`,
    `${shown("max")} AS high`,
  ];
  if (isNumber)
    parts.push(
      `avg(${column}) AS mean`,
      `stddev_samp(CAST(${column} AS DOUBLE)) AS deviation`,
      `quantile_cont(CAST(${column} AS DOUBLE), [${quantileSteps.join(", ")}]) AS quantiles`,
    );
  if (isText) parts.push(`min(length(${column})) AS shortest`, `max(length(${column})) AS longest`);
  const result = await connection.run(`SELECT ${parts.join(", ")} FROM read_parquet(${quoteText(path)})`);
  const converters = result.columnTypes().map(columnConverter);
  const names = result.columnNames();
  const [values] = await result.getRows();
  const row = Object.fromEntries(names.map((key, index) => [key, converters[index]!(values![index]!)])) as Record<string, LakeValue>;
  const count = Number(row["filled"]);
  return {
    rows: Number(row["total"]),
    profile: {
      name,
      type,
      count,
      nulls: Number(row["total"]) - count,
      distinct: Number(row["differing"]),
      min: row["low"] ?? null,
      max: row["high"] ?? null,
      ...(isNumber
        ? {
            mean: row["mean"] as number | null,
            standardDeviation: row["deviation"] as number | null,
            quantiles: row["quantiles"] as number[] | null,
          }
        : {}),
      ...(isText ? { minLength: row["shortest"] as number | null, maxLength: row["longest"] as number | null } : {}),
    },
  };
}
