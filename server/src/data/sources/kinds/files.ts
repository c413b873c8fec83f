import { type Dirent, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { AppError } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import { versionOf } from "../read-parts.ts";
import type { Gathered, GatherInput, SourceKind } from "../types.ts";
import { describeFiles, type FoundFile, mostFiles, pickFiles } from "./pick-files.ts";

type FilesSource = SourceOf<"file"> | SourceOf<"folder">;

/** A file, or all files of a folder: each version of each is read once. A changed file is read anew, as a whole. */
export const files: SourceKind<FilesSource> = {
  async gather(input: GatherInput<FilesSource>): Promise<Gathered> {
    const { picked, ...rest } = pickFiles(await list(input.source), input);
    return { ...rest, parts: picked.map(({ name, path, format, version }) => ({ name, path, format, version })) };
  },

  describe: describeFiles,
};

/** In the order of their names. Hidden files and links are left out: a link may lead anywhere. */
async function list(source: FilesSource): Promise<(FoundFile & { path: string })[]> {
  const top = resolve(source.path);
  if (!existsSync(top)) throw new AppError("source_failed", `The source ${source.name}: there is nothing at ${source.path}.`);
  if (source.kind === "file") return describe(basename(top), top);
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile() && !isHidden(entry, top)).map((entry) => join(entry.parentPath, entry.name));
  if (found.length > mostFiles)
    throw new AppError(
      "source_unreadable",
      `The source ${source.name}: ${source.path} has ${found.length} files, ${mostFiles} at most; move those that were read away.`,
    );
  return found.flatMap((path) => describe(relative(top, path).split(sep).join("/"), path)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Nothing for one that was removed since it was listed. */
function describe(name: string, path: string): (FoundFile & { path: string })[] {
  if (!existsSync(path)) return [];
  const version = versionOf(path);
  return [{ name, path, version, bytes: Number(version.split("-", 1)[0]) }];
}

function isHidden(entry: Dirent, top: string): boolean {
  return join(relative(top, entry.parentPath), entry.name)
    .split(sep)
    .some((name) => name.startsWith("."));
}
