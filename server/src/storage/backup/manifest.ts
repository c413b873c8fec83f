import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { z } from "zod";
import { AppError, canonicalJson, sha256 } from "../../core/index.ts";

const fileSchema = z.object({ path: z.string(), size: z.int(), hash: z.string() });
export type BackupFile = z.infer<typeof fileSchema>;

const tableSchema = z.object({
  /** `main`: our tables. `workflows`: DBOS's. Real schema names may differ where it is restored. */
  schema: z.enum(["main", "workflows"]),
  name: z.string(),
  /** Row-level security is on: only millrace_system sees all its rows. */
  protected: z.boolean(),
  columns: z.array(z.string()),
  file: z.string(),
  rows: z.int(),
});
export type BackupTable = z.infer<typeof tableSchema>;

const manifestSchema = z.object({
  v: z.literal(1),
  createdAt: z.string(),
  store: z.enum(["embedded", "postgres"]),
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  /** Parents before their children. */
  tables: z.array(tableSchema),
  partitions: z.array(z.object({ name: z.string(), parent: z.string(), bound: z.string(), protected: z.boolean() })),
  sequences: z.array(z.object({ schema: z.enum(["main", "workflows"]), name: z.string(), value: z.string() })),
  journal: z.object({ stored: z.int(), rejected: z.int() }),
  folders: z.array(z.string()),
  files: z.array(fileSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Last of all: a backup without a manifest never finished. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const text = JSON.stringify({ ...manifest, manifestHash: sha256(canonicalJson(manifest)) }, null, 1);
  await writeFile(join(folder, "manifest.json"), text, { flush: true, mode: 0o600 });
}

/** Reads the manifest and checks it against itself and against every file: `backup_invalid`. */
export async function verifyBackup(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  const named = new Map(manifest.files.map((file) => [file.path, file]));
  const found = new Set(await listFiles(folder));
  found.delete("manifest.json");
  for (const path of found) if (!named.has(path)) throw invalid(folder, `It holds ${path}, which its manifest does not name.`, path);
  for (const file of manifest.files) {
    if (!found.has(file.path)) throw invalid(folder, `${file.path} is missing.`, file.path);
    const { size, hash } = await hashFile(join(folder, file.path));
    if (size !== file.size || hash !== file.hash) throw invalid(folder, `${file.path} was changed or cut.`, file.path);
  }
  return manifest;
}

async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, "manifest.json"), "utf8").catch(() => {
    throw invalid(folder, "It has no manifest.json.", "manifest.json");
  });
  try {
    const { manifestHash, ...rest } = JSON.parse(text) as Record<string, unknown>;
    const manifest = manifestSchema.parse(rest);
    if (sha256(canonicalJson(manifest)) === manifestHash) return manifest;
  } catch {
    // Said below: what is wrong with its text helps nobody.
  }
  throw invalid(folder, "Its manifest.json was changed or cut.", "manifest.json");
}

function invalid(folder: string, reason: string, file: string): AppError {
  return new AppError("backup_invalid", `${folder} is not a complete backup. ${reason}`, { details: { folder, file } });
}

/** Paths of all files below a folder, with forward slashes, in order. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
  return files.toSorted();
}

export async function hashFile(path: string): Promise<{ size: number; hash: string }> {
  const digest = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    digest.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { size, hash: digest.digest("hex") };
}
