import type { DuckDBConnection } from "@duckdb/node-api";
import { checkParts, structureOf } from "./check-column.ts";
import { columnConverter } from "./convert-value.ts";
import { quoteName, quoteText } from "./quote.ts";
import { describeFile } from "./read-statement.ts";
import type { BrokenRule, ColumnCheck, ColumnProfile, LakeRow, LakeValue, TableProfile } from "./types.ts";

const numeric = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|DECIMAL)/;
const quantileSteps = [0.05, 0.25, 0.5, 0.75, 0.95];
/** Exact quantiles hold every value and sort it; past this many rows they are those of so many, spread over the file. */
const mostQuantileRows = 1_000_000;
/** Columns of one statement; a pass over the file each. */
const columnsAtOnce = 50;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly check: ColumnCheck | undefined;
}

/**
 * Counts, range and distribution of every column, and how many rows break each rule that is asked for. Reads the file once for
 * all that adds up row by row, once a column for its distinct values (a hash table of all of them), and once for quantiles.
 */
export async function profileFile(connection: DuckDBConnection, path: string, checks: readonly ColumnCheck[] = []): Promise<TableProfile> {
  const file = `read_parquet(${quoteText(path)})`;
  const types = await describeFile(connection, path);
  const asked = await withoutForeignPatterns(connection, checks);
  const columns = [...types].map(([name, type]): Column => ({ name, type, check: asked.find((check) => check.name === name) }));
  const [counted] = await select(connection, `SELECT count(*) AS total FROM ${file}`);
  const rows = Number(counted!["total"]);
  const sampled =
    rows <= mostQuantileRows
      ? file
      : `read_parquet(${quoteText(path)}, file_row_number = true) WHERE hash(file_row_number) % ${Math.ceil(rows / mostQuantileRows)} = 0`;
  const profiles: ColumnProfile[] = [];
  const rules = checks.flatMap((check) => structureOf(check, types.get(check.name), rows));
  for (let start = 0; start < columns.length; start += columnsAtOnce) {
    const some = columns.slice(start, start + columnsAtOnce);
    const [sums] = await select(connection, `SELECT ${some.flatMap(sumsOf).join(", ")} FROM ${file}`);
    const wanted = some.flatMap((column, index) => (numeric.test(column.type) ? quantilesOf(column, index) : []));
    const [quantiles] = wanted.length === 0 ? [{}] : await select(connection, `SELECT ${wanted.join(", ")} FROM ${sampled}`);
    for (const [index, column] of some.entries()) {
      const [distinct] = await select(connection, `SELECT count(DISTINCT ${expression(column)}) AS differing FROM ${file}`);
      const profile = toProfile(column, rows, { ...pick(sums!, index), ...pick(quantiles!, index), ...distinct });
      profiles.push(profile);
      rules.push(...brokenRules(column, profile, pick(sums!, index)));
    }
  }
  for (const [index, { name, pattern }] of checks.entries())
    if (pattern !== asked[index]!.pattern) rules.push({ column: name, rule: "pattern", broken: null });
  return { rows, columns: profiles, rules };
}

/** RE2 knows neither looking ahead nor back-references; a pattern with those would fail the whole statement. */
async function withoutForeignPatterns(connection: DuckDBConnection, checks: readonly ColumnCheck[]): Promise<ColumnCheck[]> {
  const kept: ColumnCheck[] = [];
  for (const check of checks) {
    const { pattern, ...rest } = check;
    const runs = pattern === undefined || (await canRun(connection, `SELECT regexp_full_match('', ${quoteText(pattern)})`));
    kept.push(runs ? check : rest);
  }
  return kept;
}

async function canRun(connection: DuckDBConnection, sql: string): Promise<boolean> {
  try {
    await connection.run(sql);
    return true;
  } catch {
    return false;
  }
}

async function select(connection: DuckDBConnection, sql: string): Promise<LakeRow[]> {
  const result = await connection.run(sql);
  const converters = result.columnTypes().map(columnConverter);
  const names = result.columnNames();
  return (await result.getRows()).map((values) =>
    Object.fromEntries(names.map((name, index): [string, LakeValue] => [name, converters[index]!(values[index]!)])),
  );
}

/** What `s<index>_<name>` columns say of the column with that index. */
function pick(row: LakeRow, index: number): LakeRow {
  const prefix = `s${index}_`;
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])),
  );
}

function expression({ name, type }: Column): string {
  return type === "JSON" ? `CAST(${quoteName(name)} AS VARCHAR)` : quoteName(name);
}

function sumsOf(column: Column, index: number): string[] {
  const { type, check } = column;
  const value = expression(column);
  const shown = (aggregate: string) =>
    type === "VARCHAR" || type === "JSON" ? `left(${aggregate}(${value}), 200)` : `${aggregate}(${value})`;
  const parts: [string, string][] = [
    ["filled", `count(${value})`],
    ["low", shown("min")],
    ["high", shown("max")],
  ];
  if (numeric.test(type)) parts.push(["mean", `avg(${value})`], ["deviation", `stddev_samp(CAST(${value} AS DOUBLE))`]);
  if (type === "VARCHAR") parts.push(["shortest", `min(length(${value}))`], ["longest", `max(length(${value}))`]);
  if (check !== undefined && structureOf(check, type, 0).length === 0)
    for (const [rule, broken] of checkParts(check)) parts.push([`broken_${rule}`, `count(*) FILTER (WHERE ${broken})`]);
  return parts.map(([name, sql]) => `${sql} AS s${index}_${name}`);
}

function quantilesOf(column: Column, index: number): string {
  return `quantile_cont(CAST(${expression(column)} AS DOUBLE), [${quantileSteps.join(", ")}]) AS s${index}_quantiles`;
}

function brokenRules({ name, check }: Column, profile: ColumnProfile, sums: LakeRow): BrokenRule[] {
  if (check === undefined) return [];
  const rules = checkParts(check).flatMap(([rule]) => {
    const broken = sums[`broken_${rule}`];
    return broken === undefined ? [] : [{ column: name, rule, broken: Number(broken) }];
  });
  const { nulls, count, distinct } = profile;
  if (check.nullShare !== undefined) {
    const allowed = Math.floor(check.nullShare * (nulls + count));
    rules.push({ column: name, rule: "nullShare", broken: Math.max(0, nulls - allowed) });
  }
  if (check.unique === true) rules.push({ column: name, rule: "unique", broken: count - distinct });
  return rules;
}

function toProfile({ name, type }: Column, rows: number, found: LakeRow): ColumnProfile {
  const count = Number(found["filled"]);
  return {
    name,
    type,
    count,
    nulls: rows - count,
    distinct: Number(found["differing"]),
    min: found["low"] ?? null,
    max: found["high"] ?? null,
    ...(numeric.test(type)
      ? {
          mean: found["mean"] as number | null,
          standardDeviation: found["deviation"] as number | null,
          quantiles: found["quantiles"] as number[] | null,
        }
      : {}),
    ...(type === "VARCHAR" ? { minLength: found["shortest"] as number | null, maxLength: found["longest"] as number | null } : {}),
  };
}
