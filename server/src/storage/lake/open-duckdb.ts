import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { quoteText } from "./quote.ts";

export interface DuckDbLimits {
  readonly memoryMb: number;
  readonly threads: number;
}

/** What statements may touch: these files, and anything under the scratch folder. */
export interface DuckDbReach {
  readonly files: readonly string[];
  readonly scratch: string;
}

/**
 * A DuckDB in memory that reaches nothing but the named files: no other file, no network, no extension, no setting. Everything
 * is set before the first statement; with the defaults any expression may read /etc/passwd.
 */
export async function openDuckDb(reach: DuckDbReach, limits: DuckDbLimits): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: String(limits.threads) });
  const connection = await instance.connect();
  for (const setting of [
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "allow_persistent_secrets = false",
    "TimeZone = 'UTC'",
    `memory_limit = '${limits.memoryMb}MiB'`,
    `temp_directory = ${quoteText(`${reach.scratch}/spill`)}`,
    `allowed_paths = [${reach.files.map(quoteText).join(", ")}]`,
    `allowed_directories = [${quoteText(`${reach.scratch}/`)}]`,
    "enable_external_access = false",
    "lock_configuration = true",
  ]) {
    await connection.run(`SET ${setting}`);
  }
  return connection;
}
