import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { EgressResponse } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import type { Gathered, GatherInput, SourceKind } from "../types.ts";
import { askSource, saveBody } from "./ask-source.ts";
import { gatherPages, pagesCursorSchema } from "./http-pages.ts";

type HttpSource = SourceOf<"http">;

const fileCursorSchema = z.strictObject({ hash: z.string(), etag: z.string().nullable(), modified: z.string().nullable() });

/** A file at an address, or an API that answers pages of JSON. Asked through egress: its hosts are the only ones. */
export const http: SourceKind<HttpSource> = {
  async gather(input: GatherInput<HttpSource>): Promise<Gathered> {
    return input.source.format === "json" ? gatherPages(input) : gatherFile(input, input.source.format);
  },

  describe(cursor) {
    const file = fileCursorSchema.safeParse(cursor);
    if (file.success) return file.data.modified ?? file.data.etag ?? `sha256 ${file.data.hash.slice(0, 12)}`;
    const pages = pagesCursorSchema.safeParse(cursor);
    return pages.success && pages.data.highest !== null ? String(pages.data.highest) : null;
  },
};

async function gatherFile(input: GatherInput<HttpSource>, format: Exclude<HttpSource["format"], "json">): Promise<Gathered> {
  const { source } = input;
  const known = fileCursorSchema.nullable().parse(input.cursor);
  const nothing: Gathered = { parts: [], refused: [], more: false, next: () => known };
  const url = new URL(source.url);
  const response = await askSource(input, url, {
    ...source.headers,
    "if-none-match": known?.etag ?? undefined,
    "if-modified-since": known?.etag == null ? (known?.modified ?? undefined) : undefined,
  });
  if (response.status === 304) {
    response.cancel();
    return nothing;
  }
  const path = join(input.folder, "body");
  const hash = createHash("sha256");
  await saveBody(source, { response, path }, (chunk) => hash.update(chunk));
  const cursor = { hash: hash.digest("hex"), etag: header(response, "etag"), modified: header(response, "last-modified") };
  // Servers that know neither header answer the same body again and again.
  if (cursor.hash === known?.hash) return { ...nothing, next: () => cursor };
  return { parts: [{ name: url.pathname, path, format }], refused: [], more: false, next: () => cursor };
}

function header(response: EgressResponse, name: string): string | null {
  const value = response.headers[name];
  return typeof value === "string" ? value : null;
}
