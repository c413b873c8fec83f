import { type Dirent, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { AppError } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import { formatOf } from "../formats/index.ts";
import { versionOf } from "../read-parts.ts";
import type { Gathered, GatherInput, Part, Refused, SourceKind } from "../types.ts";

type FilesSource = SourceOf<"file"> | SourceOf<"folder">;

/** By name, the version that was read, or refused for good. */
const cursorSchema = z.strictObject({ files: z.record(z.string(), z.string()) });

/** The cursor holds a line for each; beyond this they belong into folders of their own. */
const mostFiles = 10_000;

/** A file, or all files of a folder: each version of each is read once. A changed file is read anew, as a whole. */
export const files: SourceKind<FilesSource> = {
  async gather({ source, cursor, maxBytes, signal }: GatherInput<FilesSource>): Promise<Gathered> {
    const seen = cursorSchema.nullable().parse(cursor)?.files ?? {};
    const found = await list(source);
    signal.throwIfAborted();
    const parts: Part[] = [];
    const refused: Refused[] = [];
    const versions: Record<string, string> = {};
    let bytes = 0;
    let more = false;
    for (const { name, path } of found) {
      const version = existsSync(path) ? versionOf(path) : undefined;
      if (version === undefined) continue;
      if (seen[name] === version) {
        versions[name] = version;
        continue;
      }
      const format = source.format ?? formatOf(name);
      if (format === undefined) {
        versions[name] = version;
        refused.push({ name, reason: "nothing is known that reads files of this ending; tell the `format` of the source" });
        continue;
      }
      // Beside the first, only what one upload can hold.
      if (more || (parts.length > 0 && bytes >= maxBytes)) {
        more = true;
        continue;
      }
      bytes += Number(version.split("-", 1)[0]);
      parts.push({ name, path, format, version });
    }
    return {
      parts,
      refused,
      more,
      next(reports) {
        const read = new Set(reports.filter(({ again }) => again !== true).map(({ name }) => name));
        for (const { name, version } of parts) if (read.has(name)) versions[name] = version!;
        return { files: versions };
      },
    };
  },

  describe(cursor) {
    const parsed = cursorSchema.safeParse(cursor);
    if (!parsed.success) return null;
    const count = Object.keys(parsed.data.files).length;
    return count === 1 ? "1 file" : `${count} files`;
  },
};

/** In the order of their names. Hidden files and links are left out: a link may lead anywhere. */
async function list(source: FilesSource): Promise<{ name: string; path: string }[]> {
  const top = resolve(source.path);
  if (!existsSync(top)) throw new AppError("source_failed", `The source ${source.name}: there is nothing at ${source.path}.`);
  if (source.kind === "file") return [{ name: basename(top), path: top }];
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile() && !isHidden(entry, top)).map((entry) => join(entry.parentPath, entry.name));
  if (found.length > mostFiles)
    throw new AppError(
      "source_unreadable",
      `The source ${source.name}: ${source.path} has ${found.length} files, ${mostFiles} at most; move those that were read away.`,
    );
  return found.map((path) => ({ name: relative(top, path).split(sep).join("/"), path })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isHidden(entry: Dirent, top: string): boolean {
  return join(relative(top, entry.parentPath), entry.name)
    .split(sep)
    .some((name) => name.startsWith("."));
}
