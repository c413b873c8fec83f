import { join } from "node:path";
import type { Backup as BackupAnswer } from "./types.ts";
import { type Clock, type Context, type Logger, createId } from "../core/index.ts";
import type { Governance } from "../governance/index.ts";
import { type Drain, writeBackup } from "../storage/index.ts";
import type { Stores } from "./open-stores.ts";

export type Backup = BackupAnswer;

export interface BackUpDeps {
  readonly stores: Stores;
  readonly drain: () => Drain | undefined;
  readonly dataFolder: string;
  readonly audit: Governance["audit"];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes a backup into the data folder's `backups`, under a name of its own unless one is given. */
export async function backUp(context: Context, name: string | undefined, deps: BackUpDeps): Promise<Backup> {
  const { stores, dataFolder, clock, logger } = deps;
  const folder = name ?? `${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, "-")}-${createId(clock).slice(-6)}`;
  const drain = deps.drain();
  const { path, files, bytes, seconds } = await writeBackup(
    {
      sql: stores.sql,
      folders: { blobs: join(dataFolder, "blobs"), lake: join(dataFolder, "lake") },
      journal: stores.journal,
      ...(drain === undefined ? {} : { drain }),
      clock,
      logger,
    },
    join(dataFolder, "backups", folder),
  );
  const change = { action: "storage.backup", object: `backup:${folder}`, after: { path, files, bytes } };
  await stores.sql.as(context, (tx) => deps.audit(tx, change));
  return { path, files, bytes, seconds };
}
