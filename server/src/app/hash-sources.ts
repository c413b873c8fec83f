import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256 } from "../core/index.ts";

const importPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.{1,2}\/[^"']+)["']/g;

/**
 * SHA-256 over the source bytes of a module and of every file it imports by a relative path, in path order. Two
 * configurations with equal hashes run the same code of their own; packages are pinned by the lock file, not by this.
 */
export async function hashSources(entry: string): Promise<string> {
  const sources = await readSources(entry);
  const root = dirname(resolve(entry));
  const parts = [...sources].map(([file, text]) => [pathToFileURL(file).href.slice(pathToFileURL(root).href.length), sha256(text)]);
  return sha256(JSON.stringify(parts.sort(([a], [b]) => a!.localeCompare(b!))));
}

/** A module and every file it imports by a relative path, with their texts. */
export async function readSources(entry: string): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  await visit(resolve(entry), sources);
  return sources;
}

async function visit(file: string, sources: Map<string, string>): Promise<void> {
  if (sources.has(file)) return;
  const text = await readFile(file, "utf8");
  sources.set(file, text);
  for (const [, specifier] of text.matchAll(importPattern)) {
    await visit(fileURLToPath(new URL(specifier!, pathToFileURL(file))), sources);
  }
}
