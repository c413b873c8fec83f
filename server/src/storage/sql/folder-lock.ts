import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../core/index.ts";

export interface FolderLock {
  release(): Promise<void>;
}

/** SQLITE_BUSY: another connection holds the lock. */
const busy = 5;

/**
 * An exclusive lock on a data folder, held by the kernel on a file in it: it ends with its process however that ends, so no
 * stale lock has to be judged, and it holds between containers that share the folder, where process ids say nothing. Node
 * has no call for file locks; SQLite, which it contains, takes one for us on an empty file. The file is never deleted (the
 * next owner would lock another one of the same name) and never read by anything else (closing it would drop the lock).
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = await realpath(folder);
  const noteFile = join(path, "owner.json");
  const file = new DatabaseSync(join(path, "owner.lock"));
  try {
    file.exec("pragma busy_timeout = 0; pragma locking_mode = exclusive; pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    const owner = await readOwner(noteFile);
    const who = owner === undefined ? "" : ` (pid ${owner.pid}${owner.host === hostname() ? "" : ` on ${owner.host}`})`;
    throw new AppError("data_folder_locked", `Another Millrace process${who} uses the data folder ${path}.`, {
      details: { folder: path, pid: owner?.pid ?? null, host: owner?.host ?? null },
    });
  }
  await writeFile(noteFile, JSON.stringify({ pid: process.pid, host: hostname() }));
  return {
    release() {
      if (file.isOpen) file.close();
      return Promise.resolve();
    },
  };
}

async function readOwner(noteFile: string): Promise<{ pid: number; host: string } | undefined> {
  try {
    return JSON.parse(await readFile(noteFile, "utf8")) as { pid: number; host: string };
  } catch {
    // The note only helps the message; the lock is the file's.
    return undefined;
  }
}
