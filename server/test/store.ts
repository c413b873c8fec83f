import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { type Logger, createId, readEnvironment, silentLogger, systemClock } from "../src/core/index.ts";
import {
  type HotState,
  type Sql,
  createEmbeddedSql,
  createHotState,
  createPostgresSql,
  migrate,
  readMigrations,
} from "../src/storage/index.ts";
import { copyTemplate } from "./copy-template.ts";

export interface TestStore {
  readonly kind: "embedded" | "postgres";
  readonly sql: Sql;
  readonly hotState: HotState;
  /** A folder of this test's own; the embedded database lives in its `database`. */
  readonly dataFolder: string;
  /** Set on PostgreSQL: how a child process reaches the same store. */
  readonly databaseUrl: string | undefined;
  readonly schema: string | undefined;
  /** Where DBOS keeps its tables for this test. */
  readonly dbosSchema: string;
  close(): Promise<void>;
}

export interface TestStoreOptions {
  readonly migrate?: boolean;
  readonly logger?: Logger;
}

/** A fresh, migrated store: embedded unless `MILLRACE_TEST_DATABASE_URL` names a PostgreSQL, where it is a schema of its own. */
export async function createTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const logger = options.logger ?? silentLogger;
  // One level down: the key that signs the audit log lies beside a data folder.
  const dataFolder = join(await mkdtemp(join(tmpdir(), "millrace-test-")), "data");
  await mkdir(dataFolder);
  const databaseUrl = readEnvironment("MILLRACE_TEST_DATABASE_URL");
  return databaseUrl === undefined || databaseUrl === ""
    ? embedded(dataFolder, logger, options.migrate ?? true)
    : postgres({ url: databaseUrl, dataFolder, logger }, options.migrate ?? true);
}

async function embedded(dataFolder: string, logger: Logger, migrated: boolean): Promise<TestStore> {
  const folder = join(dataFolder, "database");
  copyTemplate(inject(migrated ? "templateFolder" : "emptyTemplateFolder"), folder);
  const sql = await createEmbeddedSql({ folder, logger });
  const hotState = createHotState({ sql, clock: systemClock, logger });
  return {
    kind: "embedded",
    sql,
    hotState,
    dataFolder,
    databaseUrl: undefined,
    schema: undefined,
    dbosSchema: "dbos",
    async close() {
      await hotState.close();
      await sql.close();
      await rm(dirname(dataFolder), { recursive: true, force: true });
    },
  };
}

async function postgres(where: { url: string; dataFolder: string; logger: Logger }, migrated: boolean): Promise<TestStore> {
  const { url, dataFolder, logger } = where;
  const schema = `test_${createId().replaceAll("-", "")}`;
  const dbosSchema = `${schema}_dbos`;
  const outer = await createPostgresSql({ url, logger });
  await outer.owner.query(`create schema ${schema}`);
  const sql = await createPostgresSql({ url, schema, logger });
  if (migrated) await migrate(sql, await readMigrations(), logger);
  const hotState = createHotState({ sql, clock: systemClock, logger });
  return {
    kind: "postgres",
    sql,
    hotState,
    dataFolder,
    databaseUrl: url,
    schema,
    dbosSchema,
    async close() {
      await hotState.close();
      await sql.close();
      await outer.owner.query(`drop schema if exists ${schema} cascade`);
      await outer.owner.query(`drop schema if exists ${dbosSchema} cascade`);
      await outer.close();
      await rm(dirname(dataFolder), { recursive: true, force: true });
    },
  };
}
