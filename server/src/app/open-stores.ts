import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Clock, type Logger, isAppError, readEnvironment } from "../core/index.ts";
import {
  type BlobStore,
  type Counters,
  type Journal,
  type Lake,
  type Storage,
  createFolderBlobs,
  createJournal,
  createLake,
  createMemoryCounters,
  createStorage,
} from "../storage/index.ts";
import type { ResolvedConfig } from "./config.ts";

export interface Stores extends Storage {
  readonly journal: Journal;
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly counters: Counters;
  readonly scratchFolder: string;
}

export interface StoresOptions {
  readonly role: "up" | "serve" | "work";
  readonly dataFolder: string;
  /** The process before this one still writes its journal. */
  readonly overlaps?: boolean;
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One that still leaves, one that serves, one that comes. */
const maxTurns = 3;

/** Opens everything that keeps something: SQL, journal, blobs, lake, counters. */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { role, dataFolder, config, clock, logger } = options;
  const databaseUrl = readEnvironment("MILLRACE_DATABASE_URL") || undefined;
  if (role !== "up" && databaseUrl === undefined) {
    throw new AppError(
      "database_unavailable",
      `\`millrace ${role}\` shares a PostgreSQL with other nodes: set MILLRACE_DATABASE_URL. On one machine, \`millrace up\` does everything on its own.`,
    );
  }
  const scratchFolder = join(dataFolder, "scratch");
  await mkdir(scratchFolder, { recursive: true });
  const storage = await createStorage({
    dataFolder,
    databaseUrl,
    schema: readEnvironment("MILLRACE_DATABASE_SCHEMA") || undefined,
    migrations: role === "up" ? "apply" : "check",
    config: config.storage,
    clock,
    logger,
  });
  try {
    const journal = await openJournal(options);
    return {
      ...storage,
      journal,
      blobs: createFolderBlobs({ folder: join(dataFolder, "blobs") }),
      lake: createLake({ scratchFolder }),
      counters: createMemoryCounters({ clock }),
      scratchFolder,
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Two processes of one node, the second of which takes over from the first, write two folders: `up`, then `up.2`, then `up` again. */
async function openJournal({ role, dataFolder, overlaps, config, clock, logger }: StoresOptions): Promise<Journal> {
  const node = readEnvironment("MILLRACE_NODE") || role;
  for (let turn = 1; ; turn++) {
    try {
      return await createJournal({
        folder: join(dataFolder, "journal"),
        node: turn === 1 ? node : `${node}.${turn}`,
        clock,
        logger,
        config: config.storage.journal,
        onIncident: (incident) => logger.error(incident, "the evidence journal needs someone"),
      });
    } catch (error) {
      if (overlaps !== true || turn === maxTurns || !isAppError(error, "data_folder_locked")) throw error;
    }
  }
}
