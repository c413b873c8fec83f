import { join } from "node:path";
import { z } from "zod";
import { AppError, canonicalJson, type EgressResponse, sha256 } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import { RowWriter } from "../formats/row-writer.ts";
import type { Gathered, GatherInput } from "../types.ts";
import { askSource, tellFailure } from "./ask-source.ts";

type HttpSource = SourceOf<"http">;

/** `highest` is the largest value of the column of `since`, and `atHighest` names by hash the rows that have it. */
export const pagesCursorSchema = z.strictObject({
  highest: z.union([z.string(), z.number()]).nullable(),
  atHighest: z.array(z.string()),
});
type PagesCursor = z.infer<typeof pagesCursorSchema>;

/** A page is parsed where requests are served, so it is small. */
const longestPageBytes = 8 * 1024 * 1024;
const mostPages = 10_000;

/** Pages of JSON until there is none, or until the bound: then the rest comes with the next read if `since` tells where it begins. */
export async function gatherPages(input: GatherInput<HttpSource>): Promise<Gathered> {
  const { source, folder, maxBytes } = input;
  const cursor = pagesCursorSchema.nullable().parse(input.cursor) ?? { highest: null, atHighest: [] };
  const mark = new HighestMark(source, cursor);
  const path = join(folder, "pages.jsonl");
  const out = new RowWriter(path, { size: 0, maxBytes: Number.POSITIVE_INFINITY });
  let next: string | null = null;
  try {
    for (let page = 1; ; page++) {
      const body = await readPage(await askPage(input, pageUrl(source, cursor, next)), source, page);
      for (const [index, row] of rowsOf(body, source, page).entries())
        if (mark.add(row, { page, index })) out.write(JSON.stringify(row), index + 1);
      const following = nextOf(body, source);
      if (following !== null && following === next)
        throw unreadable(source, `page ${page} names itself as the next one (\`${source.next!.field}\`).`);
      next = following;
      if (next === null) break;
      if (out.size > maxBytes || page >= mostPages)
        throw unreadable(
          source,
          `there is more than one read may bring (${out.size} bytes in ${page} pages); ask for less in its \`url\`.`,
        );
    }
  } finally {
    out.close();
  }
  return { parts: [], written: { path, rows: out.rows }, refused: [], more: false, next: () => mark.cursor() };
}

function askPage(input: GatherInput<HttpSource>, url: URL): Promise<EgressResponse> {
  return askSource({ ...input, maxBytes: longestPageBytes }, url, input.source.headers);
}

function pageUrl(source: HttpSource, cursor: PagesCursor, next: string | null): URL {
  const url = new URL(source.url);
  if (source.since !== undefined && cursor.highest !== null) url.searchParams.set(source.since.parameter, String(cursor.highest));
  if (source.next !== undefined && next !== null) url.searchParams.set(source.next.parameter, next);
  return url;
}

async function readPage(response: EgressResponse, source: HttpSource, page: number): Promise<unknown> {
  const text = await tellFailure(source, () => response.text());
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(source, `page ${page} is not JSON: ${(cause as Error).message.slice(0, 200)}`);
  }
}

function rowsOf(body: unknown, source: HttpSource, page: number): Record<string, unknown>[] {
  const list = source.rowsAt === undefined ? body : fieldOf(body, source.rowsAt);
  const where = source.rowsAt === undefined ? `page ${page}` : `page ${page}, "${source.rowsAt}"`;
  if (!Array.isArray(list)) throw unreadable(source, `${where} is not a list of rows (\`rowsAt\` names the field that is).`);
  const odd = list.findIndex((row) => typeof row !== "object" || row === null || Array.isArray(row));
  if (odd !== -1) throw unreadable(source, `${where}: row ${odd + 1} is not an object.`);
  return list as Record<string, unknown>[];
}

function nextOf(body: unknown, { next }: HttpSource): string | null {
  const value = next === undefined ? undefined : fieldOf(body, next.field);
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function fieldOf(body: unknown, field: string): unknown {
  return typeof body === "object" && body !== null && Object.hasOwn(body, field) ? (body as Record<string, unknown>)[field] : undefined;
}

function unreadable(source: HttpSource, words: string): AppError {
  return new AppError("source_unreadable", `The source ${source.name}: ${words}`, { details: { source: source.name } });
}

/** Follows the highest value of the column of `since`. An API may answer the rows at the mark again; those are known by their hash. */
class HighestMark {
  readonly #source: HttpSource;
  readonly #known: ReadonlySet<string>;
  readonly #from: PagesCursor["highest"];
  #highest: PagesCursor["highest"];
  #atHighest: Set<string>;

  constructor(source: HttpSource, cursor: PagesCursor) {
    this.#source = source;
    this.#known = new Set(cursor.atHighest);
    this.#from = cursor.highest;
    this.#highest = cursor.highest;
    this.#atHighest = new Set(cursor.atHighest);
  }

  /** Whether the row is new. */
  add(row: Record<string, unknown>, place: { page: number; index: number }): boolean {
    const { since } = this.#source;
    if (since === undefined) return true;
    const value = row[since.column];
    if ((typeof value !== "string" && typeof value !== "number") || (this.#highest !== null && typeof value !== typeof this.#highest))
      throw unreadable(
        this.#source,
        `page ${place.page}, row ${place.index + 1}: "${since.column}" is ${JSON.stringify(value) ?? "missing"}, where a value that orders rows is needed.`,
      );
    if (this.#from !== null && value < this.#from) return false;
    const hash = sha256(canonicalJson(row));
    if (value === this.#from && this.#known.has(hash)) return false;
    if (this.#highest === null || value > this.#highest) {
      this.#highest = value;
      this.#atHighest = new Set();
    }
    if (value === this.#highest) this.#atHighest.add(hash);
    return true;
  }

  cursor(): PagesCursor {
    return { highest: this.#highest, atHighest: [...this.#atHighest] };
  }
}
