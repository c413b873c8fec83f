import { z } from "zod";
import { canonicalJson, sha256 } from "../../../core/index.ts";
import type { SourceConfig } from "../config.ts";
import { formatOf } from "../formats/index.ts";
import type { Cursor, Format, PartReport, Refused } from "../types.ts";

/** By name, the version that was read; of one that was refused, with a mark of the settings it was refused under. */
const cursorSchema = z.strictObject({ files: z.record(z.string(), z.string()) });

/** The cursor holds a line for each; beyond this they belong into folders of their own. */
export const mostFiles = 10_000;

export interface FoundFile {
  readonly name: string;
  /** Another version has another text. */
  readonly version: string;
  readonly bytes: number;
}

export interface PickedFiles<F extends FoundFile> {
  readonly picked: readonly (F & { readonly format: Format })[];
  readonly refused: readonly Refused[];
  readonly more: boolean;
  /** The cursor behind what was read; a file without a report, and one that says `again`, is not in it. */
  next(reports: readonly PartReport[]): Cursor;
}

interface PickOptions {
  readonly source: Extract<SourceConfig, { nulls: readonly string[]; kind: "file" | "folder" | "s3" }>;
  readonly cursor: Cursor;
  readonly maxBytes: number;
}

/** Which files are to be read: those that are new or changed, as many as one read may bring and at least one. */
export function pickFiles<F extends FoundFile>(found: readonly F[], { source, cursor, maxBytes }: PickOptions): PickedFiles<F> {
  // What was refused may be read by other settings.
  const fault = `!${sha256(canonicalJson({ ...source, every: undefined, minutes: undefined })).slice(0, 8)}`;
  const seen = new Map(Object.entries(cursorSchema.nullable().parse(cursor)?.files ?? {}));
  const picked: (F & { format: Format })[] = [];
  const refused: Refused[] = [];
  const versions = new Map<string, string>();
  let bytes = 0;
  let more = false;
  for (const file of found) {
    const { name, version } = file;
    const known = seen.get(name);
    if (known === version || known === version + fault) {
      versions.set(name, known);
      continue;
    }
    const format = source.format ?? formatOf(name);
    if (format === undefined) {
      versions.set(name, version + fault);
      refused.push({ name, reason: "nothing is known that reads files of this ending; tell the `format` of the source" });
    } else if (more || (picked.length > 0 && bytes >= maxBytes)) {
      more = true;
    } else {
      bytes += file.bytes;
      picked.push({ ...file, format });
    }
  }
  return {
    picked,
    refused,
    more,
    next(reports) {
      const read = new Map(reports.filter(({ again }) => again !== true).map((report) => [report.name, report]));
      for (const { name, version } of picked) {
        const report = read.get(name);
        if (report !== undefined) versions.set(name, report.refused === undefined ? version : version + fault);
      }
      return { files: Object.fromEntries(versions) };
    },
  };
}

export function describeFiles(cursor: Cursor): string | null {
  const parsed = cursorSchema.safeParse(cursor);
  if (!parsed.success) return null;
  const count = Object.keys(parsed.data.files).length;
  return count === 1 ? "1 file" : `${count} files`;
}
