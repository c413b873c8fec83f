import { ensureSystemDatabase } from "@dbos-inc/dbos-sdk/internal/system_database";
import type { Logger } from "../core/index.ts";
import type { PgPoolLike, Sql } from "../storage/index.ts";
import { adaptLogger } from "./log-adapter.ts";
import { engineSchema } from "./repository.ts";

// Never dialled: the engine is given a pool.
export const unusedUrl = "postgresql://millrace:unused@pool.invalid:5432/millrace";

/** Makes the engine's tables where they are missing; answers their schema. */
export async function prepareWorkflows(sql: Sql, logger: Logger, pool: PgPoolLike = sql.owner.pool): Promise<string> {
  const schema = await engineSchema(sql);
  await ensureSystemDatabase(unusedUrl, adaptLogger(logger) as never, pool as never, schema);
  return schema;
}
