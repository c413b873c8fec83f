import { constants } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BackupFile, hashFile, listFiles } from "./manifest.ts";

/** Files on their way into a store: nothing refers to them yet. */
const unfinished = /(^|\/)incoming\/|\.tmp$/;

/** Copies a folder of files that never change; by reference where the file system can. Hashes what was written, not what was read. */
export async function copyFolder(from: string, to: string, prefix = ""): Promise<BackupFile[]> {
  const copied: BackupFile[] = [];
  for (const path of await listFiles(from)) {
    if (unfinished.test(path)) continue;
    const target = join(to, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await copyFile(join(from, path), target, constants.COPYFILE_FICLONE);
    copied.push({ path: prefix + path, ...(await hashFile(target)) });
  }
  return copied;
}
