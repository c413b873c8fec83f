import { createReadStream } from "node:fs";
import { type ParsedRow, type Rejection, showValue } from "./rows.ts";

/** A longer line is set aside unread: one line must not fill the memory. */
export const longestLineBytes = 8 * 1024 * 1024;

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The lines of a file as bytes, without their newline; `null` stands for one over the bound. */
export async function* readLines(path: string, maxBytes: number = longestLineBytes): AsyncGenerator<Buffer | null> {
  for await (const lines of readLineBatches(path, maxBytes)) yield* lines;
}

/** The same, those of one piece of the file together: to wait once for each line takes longer than to read it. */
export async function* readLineBatches(path: string, maxBytes: number = longestLineBytes): AsyncGenerator<(Buffer | null)[]> {
  let parts: Buffer[] = [];
  let size = 0;
  function take(): Buffer | null {
    const line = size > maxBytes ? null : parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts = [];
    size = 0;
    return line;
  }
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const lines: (Buffer | null)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      size += end - start;
      if (size <= maxBytes) parts.push(chunk.subarray(start, end));
      lines.push(take());
      start = end + 1;
    }
    size += chunk.length - start;
    if (size > maxBytes) parts = [];
    else if (start < chunk.length) parts.push(chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (size > 0) yield [take()];
}

/** One line as a row, as a rejection with its reason, or nothing when it is blank. */
export function parseLine(bytes: Buffer | null, line: number): ParsedRow | Rejection | null {
  if (bytes === null) return { line, group: "line too long", reason: `line too long: more than ${longestLineBytes} bytes`, row: null };
  let text: string;
  try {
    // The decoder drops a byte order mark.
    text = decoder.decode(bytes);
  } catch {
    return { line, group: "not UTF-8", reason: "not UTF-8", row: bytes.toString("latin1").slice(0, 1000) };
  }
  if (text.trim() === "") return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { line, group: "not JSON", reason: `not JSON: ${words.slice(0, 200)}`, row: text.slice(0, 1000) };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { line, group: "not an object", reason: `not an object: ${showValue(value)}`, row: value };
  }
  return { line, raw: value as Record<string, unknown> };
}

/** Every row of a JSONL file; what cannot be read is set aside. */
export async function parseRows(path: string): Promise<{ rows: ParsedRow[]; rejections: Rejection[] }> {
  const rows: ParsedRow[] = [];
  const rejections: Rejection[] = [];
  let line = 0;
  for await (const bytes of readLines(path)) {
    const parsed = parseLine(bytes, ++line);
    if (parsed === null) continue;
    if ("raw" in parsed) rows.push(parsed);
    else rejections.push(parsed);
  }
  return { rows, rejections };
}

/** Counts the lines of a stream that are not blank, as it passes. */
export function createLineCounter(): { add(chunk: Uint8Array): void; count(): number } {
  let lines = 0;
  let hasContent = false;
  return {
    add(chunk) {
      for (const byte of chunk) {
        if (byte === newline) {
          if (hasContent) lines += 1;
          hasContent = false;
        } else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) {
          hasContent = true;
        }
      }
    },
    count: () => lines + (hasContent ? 1 : 0),
  };
}
