import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { sha256 } from "../../core/index.ts";
import { writeManifest } from "./manifest.ts";
import { pruneBackups } from "./prune-backups.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function backup(name: string, text = name): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, "rows.jsonl"), text);
  const files = [{ path: "rows.jsonl", size: name.length, hash: sha256(name) }];
  const empty = { migrations: [], tables: [], partitions: [], sequences: [], folders: [] };
  await writeManifest(join(folder, name), { v: 1, createdAt: "", store: "embedded", journal: { stored: 0, rejected: 0 }, files, ...empty });
}

test("keeps the newest, and whatever was written by hand", async () => {
  for (const name of ["auto-1", "auto-2", "auto-3", "auto-4", "by-hand"]) await backup(name);
  expect(await pruneBackups({ folder, prefix: "auto-", keep: 2, newest: "auto-4" })).toEqual(["auto-1", "auto-2"]);
  expect(await readdir(folder)).toEqual(["auto-3", "auto-4", "by-hand"]);
  expect(await pruneBackups({ folder, prefix: "auto-", keep: 2, newest: "auto-4" })).toEqual([]);
});

test("removes nothing when the newest is not what was written", async () => {
  await backup("auto-1");
  await backup("auto-2", "cut");
  await expect(pruneBackups({ folder, prefix: "auto-", keep: 1, newest: "auto-2" })).rejects.toMatchObject({ code: "backup_invalid" });
  expect(await readdir(folder)).toEqual(["auto-1", "auto-2"]);
});

test("removes what was cut off in the middle and counts it for nothing; one that is newer is left alone", async () => {
  for (const name of ["auto-1", "auto-3"]) await backup(name);
  for (const name of ["auto-2", "auto-2x.partial", "auto-4.partial"]) await mkdir(join(folder, name));
  expect(await pruneBackups({ folder, prefix: "auto-", keep: 2, newest: "auto-3" })).toEqual(["auto-2", "auto-2x.partial"]);
  expect(await readdir(folder)).toEqual(["auto-1", "auto-3", "auto-4.partial"]);
});
