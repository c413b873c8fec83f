import { z } from "zod";
import type { Clock, Logger } from "../core/index.ts";
import {
  type FolderLock,
  assertCurrent,
  createEmbeddedSql,
  createHotState,
  createPostgresSql,
  lockFolder,
  migrate,
  readMigrations,
} from "./sql/index.ts";
import type { HotState, Sql } from "./types.ts";

export const configSchema = z
  .object({
    /** Minutes a node may serve on what it knows while its database is away. */
    stateMaxAgeMinutes: z.number().positive().max(1440).default(5),
    journal: z
      .object({
        /** `always`: on disk before the answer. `batch`: within 100 ms. `off`: when the operating system writes it. */
        sync: z.enum(["always", "batch", "off"]).default("always"),
        maxBytes: z
          .int()
          .positive()
          .default(1024 ** 3),
      })
      .prefault({}),
    /** Off: this node only writes its journal; the next process on the folder that drains carries it to SQL. */
    drain: z.boolean().default(true),
    /** How long evidence stays in SQL. It is in the lake's files before it goes, and stays there. */
    retention: z
      .strictObject({
        /** Days for bodies: inputs, outputs, steps. */
        bodiesDays: z.int().min(1).max(3660).default(30),
        /** Months for the rows of lists, and for shadows. */
        listsMonths: z.int().min(1).max(240).default(13),
      })
      .refine((retention) => retention.bodiesDays <= retention.listsMonths * 28, {
        message: "bodies cannot stay longer than the rows of lists",
        path: ["bodiesDays"],
      })
      .prefault({}),
    /** Absent: no backup is made by itself. */
    backup: z
      .strictObject({
        everyHours: z
          .number()
          .min(1)
          .max(24 * 14)
          .default(24),
        /** How many of those made by the schedule stay. */
        keep: z.int().min(1).max(1000).default(7),
      })
      .optional(),
    /** Connections of the request and work pool on PostgreSQL. */
    maxConnections: z.int().min(2).max(200).default(10),
  })
  .prefault({});
export type StorageConfig = z.infer<typeof configSchema>;

export interface StorageDeps {
  readonly dataFolder: string;
  /** Set: PostgreSQL. Not set: the embedded store in the data folder. */
  readonly databaseUrl?: string | undefined;
  readonly schema?: string | undefined;
  /** `apply` migrates at start; `check` refuses a schema that is not exactly this version's. */
  readonly migrations: "apply" | "check";
  readonly config: StorageConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Storage {
  readonly sql: Sql;
  readonly hotState: HotState;
  /** Migrations known to this version. */
  readonly migrations: number;
  close(): Promise<void>;
}

/** Opens the store: takes the folder's lock (embedded), migrates or checks, and answers the handles. */
export async function createStorage(deps: StorageDeps): Promise<Storage> {
  const { clock, logger, config } = deps;
  const lock: FolderLock | undefined = deps.databaseUrl === undefined ? await lockFolder(deps.dataFolder) : undefined;
  let sql: Sql | undefined;
  try {
    sql =
      deps.databaseUrl === undefined
        ? await createEmbeddedSql({ folder: `${deps.dataFolder}/database`, logger })
        : await createPostgresSql({ url: deps.databaseUrl, schema: deps.schema, maxConnections: config.maxConnections, logger });
    const migrations = await readMigrations();
    if (deps.migrations === "apply") await migrate(sql, migrations, logger);
    else await assertCurrent(sql, migrations);
    const opened = sql;
    const hotState = createHotState({ sql: opened, clock, logger, maxAgeMs: config.stateMaxAgeMinutes * 60_000 });
    return {
      sql: opened,
      hotState,
      migrations: migrations.length,
      async close() {
        await hotState.close();
        await opened.close();
        await lock?.release();
      },
    };
  } catch (error) {
    await sql?.close();
    await lock?.release();
    throw error;
  }
}
