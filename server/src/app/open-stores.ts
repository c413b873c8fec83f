import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Clock, type Logger, readEnvironment } from "../core/index.ts";
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
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

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
    const journal = await createJournal({
      folder: join(dataFolder, "journal"),
      node: readEnvironment("MILLRACE_NODE") || role,
      clock,
      logger,
      config: config.storage.journal,
      onIncident: (incident) => logger.error(incident, "the evidence journal needs someone"),
    });
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
