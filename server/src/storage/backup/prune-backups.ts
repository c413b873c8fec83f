import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../core/index.ts";
import { verifyBackup } from "./manifest.ts";

export interface PruneBackups {
  /** The folder that holds the backups. */
  readonly folder: string;
  /** Only backups whose names begin so are ours to remove; the names sort by time. */
  readonly prefix: string;
  /** How many stay, the newest included. */
  readonly keep: number;
  /** The one that was written last. */
  readonly newest: string;
}

/**
 * Removes the oldest backups, once every file of the newest was read and is what its manifest says (`backup_invalid` otherwise,
 * and nothing is removed). Answers their names.
 */
export async function pruneBackups(input: PruneBackups): Promise<string[]> {
  const { folder, prefix, keep, newest } = input;
  if (!newest.startsWith(prefix)) throw new AppError("internal", `The backup ${newest} is not one of ${prefix}.`);
  await verifyBackup(join(folder, newest));
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix) && entry.name < newest)
    .map((entry) => entry.name)
    .toSorted();
  const complete: string[] = [];
  const broken: string[] = [];
  for (const name of names) ((await readdir(join(folder, name))).includes("manifest.json") ? complete : broken).push(name);
  // Broken ones were cut off in the middle: of being written, or of being removed.
  const gone = [...broken, ...complete.slice(0, Math.max(0, complete.length - (keep - 1)))];
  for (const name of gone) {
    // First what makes it a backup: cut off from here on, it is none.
    await rm(join(folder, name, "manifest.json"), { force: true });
    await rm(join(folder, name), { recursive: true, force: true });
  }
  return gone;
}
