import { createWriteStream } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { AppError, type EgressResponse, isAppError } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import type { Gathered, GatherInput, SourceKind } from "../types.ts";
import { gatherPages, pagesCursorSchema } from "./http-pages.ts";

type HttpSource = SourceOf<"http">;

const fileCursorSchema = z.strictObject({ hash: z.string(), etag: z.string().nullable(), modified: z.string().nullable() });

/** A file at an address, or an API that answers pages of JSON. Asked through egress: its hosts are the only ones. */
export const http: SourceKind<HttpSource> = {
  async gather(input: GatherInput<HttpSource>): Promise<Gathered> {
    return input.source.format === "json" ? gatherPages(input, ask) : gatherFile(input, input.source.format);
  },

  describe(cursor) {
    const file = fileCursorSchema.safeParse(cursor);
    if (file.success) return file.data.modified ?? file.data.etag ?? `sha256 ${file.data.hash.slice(0, 12)}`;
    const pages = pagesCursorSchema.safeParse(cursor);
    return pages.success && pages.data.highest !== null ? String(pages.data.highest) : null;
  },
};

async function gatherFile(input: GatherInput<HttpSource>, format: Exclude<HttpSource["format"], "json">): Promise<Gathered> {
  const known = fileCursorSchema.nullable().parse(input.cursor);
  const nothing: Gathered = { parts: [], refused: [], more: false, next: () => known };
  const response = await ask(input, new URL(input.source.url), {
    "if-none-match": known?.etag ?? undefined,
    "if-modified-since": known?.etag == null ? (known?.modified ?? undefined) : undefined,
  });
  if (response.status === 304) {
    response.cancel();
    return nothing;
  }
  const path = join(input.folder, "body");
  const hash = createHash("sha256");
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of response.body) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await tell(input.source, () => pipeline(Readable.from(measured()), createWriteStream(path)));
  const cursor = { hash: hash.digest("hex"), etag: header(response, "etag"), modified: header(response, "last-modified") };
  // Servers that know neither header answer the same body again and again.
  if (cursor.hash === known?.hash) return { ...nothing, next: () => cursor };
  return { parts: [{ name: new URL(input.source.url).pathname, path, format }], refused: [], more: false, next: () => cursor };
}

function header(response: EgressResponse, name: string): string | null {
  const value = response.headers[name];
  return typeof value === "string" ? value : null;
}

/** `source_failed` for what may pass, `source_unreadable` for a refusal. The query, which may hold a key, is never shown. */
async function ask(
  { source, egress, signal, maxBytes }: GatherInput<HttpSource>,
  url: URL,
  headers: Record<string, string | undefined> = {},
): Promise<EgressResponse> {
  const response = await tell(source, () =>
    egress.request({ url, headers: { ...source.headers, ...headers }, signal, limits: { maxResponseBytes: maxBytes } }),
  );
  if (response.status === 200 || response.status === 304) return response;
  response.cancel();
  const passes = response.status >= 500 || response.status === 429 || response.status === 408;
  throw new AppError(
    passes ? "source_failed" : "source_unreadable",
    `The source ${source.name}: ${url.origin}${url.pathname} answered ${response.status}.`,
    { details: { source: source.name, status: response.status } },
  );
}

/** The names egress has for what went wrong, as a source says it. */
async function tell<T>(source: HttpSource, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!isAppError(cause) || !cause.code.startsWith("egress_")) throw cause;
    const passes = cause.code === "egress_failed" || cause.code === "egress_timeout";
    throw new AppError(passes ? "source_failed" : "source_unreadable", `The source ${source.name}: ${cause.message}`, {
      details: { source: source.name, reason: cause.code, ...cause.details },
      cause,
    });
  }
}
