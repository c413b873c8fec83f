import { AppError } from "../../core/index.ts";
import type { SseEvent } from "../types.ts";
import { createTextDecoding } from "./decode-text.ts";

export interface EventParser {
  /** The events these bytes complete. Throws `provider_failed` for one over the limit. */
  push(chunk: Uint8Array): SseEvent[];
  /** Events of the last `push` as they came, where that is how `writeEvent` writes them; undefined where it may not be. */
  asCame(start: number, end: number): string | undefined;
  /** The bytes are over. An event without the blank line that ends it is dropped, as the standard says, so none come here. */
  end(): SseEvent[];
  /** Whether an unfinished event lies here: after `end()`, that the stream was cut inside one. */
  leftOver(): boolean;
}

const defaultMaxEventBytes = 8 * 1024 * 1024;

/** Reads server-sent events from bytes that may be cut anywhere (WHATWG HTML, 9.2.6). `id` and `retry` mean nothing to a gateway. */
export function createEventParser(options: { maxEventBytes?: number } = {}): EventParser {
  const { maxEventBytes = defaultMaxEventBytes } = options;
  const decoding = createTextDecoding();
  /** The line that is not over yet, and its size: kept apart from new text, so that no byte is searched or counted twice. */
  let rest = "";
  let restBytes = 0;
  let afterCarriageReturn = false;
  let event = "";
  let data: string | undefined;
  let dataBytes = 0;
  let events: SseEvent[] = [];
  /** The last plain events: which is the first, where each begins in the text, and where the last ends. */
  let plain: { readonly text: string; readonly first: number; readonly starts: readonly number[] } | undefined;

  function check(bytes: number): void {
    if (dataBytes + bytes <= maxEventBytes) return;
    throw new AppError("provider_failed", `One event of the provider's stream is larger than ${maxEventBytes} bytes.`, {
      details: { maxEventBytes },
    });
  }

  /** All line ends to \n. A \r ends its line at once; the \n that may follow in the next piece is then no line of its own. */
  function normalize(text: string): string {
    const continued = afterCarriageReturn && text.charCodeAt(0) === 10 ? text.slice(1) : text;
    if (text !== "") afterCarriageReturn = text.charCodeAt(text.length - 1) === 13;
    return continued.includes("\r") ? continued.replaceAll(/\r\n?/g, "\n") : continued;
  }

  function readLine(line: string, bytes: number): void {
    if (line === "") {
      if (data !== undefined) events.push({ event, data });
      event = "";
      data = undefined;
      dataBytes = 0;
      return;
    }
    if (line.startsWith("data:")) return addData(valueAfter(line, 4), bytes);
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field === "data") addData("", bytes);
    else if (field === "event") event = colon === -1 ? "" : valueAfter(line, colon);
  }

  function addData(value: string, bytes: number): void {
    data = data === undefined ? value : `${data}\n${value}`;
    dataBytes += bytes;
  }

  /** Whole events of one data line each, which is what nearly all of a model's stream is; answers where the rest begins. */
  function readPlain(text: string, from: number): number {
    if (rest !== "" || data !== undefined || event !== "" || !text.startsWith("data: ", from)) return from;
    const starts = [from];
    const first = events.length;
    let start = from;
    while (text.startsWith("data: ", start)) {
      const end = text.indexOf("\n", start);
      // A character is three bytes at most for each of its units: what is shorter than that needs no counting.
      if (end === -1 || text.charCodeAt(end + 1) !== 10 || (end - start) * 3 > maxEventBytes) break;
      events.push({ event: "", data: text.slice(start + 6, end) });
      start = end + 2;
      starts.push(start);
    }
    if (start > from) plain = { text, first, starts };
    return start;
  }

  return {
    push(chunk) {
      const text = normalize(decoding.push(chunk));
      plain = undefined;
      let start = 0;
      for (;;) {
        start = readPlain(text, start);
        const newline = text.indexOf("\n", start);
        if (newline === -1) break;
        const piece = text.slice(start, newline);
        const line = rest === "" ? piece : rest + piece;
        const bytes = restBytes + Buffer.byteLength(piece);
        check(bytes);
        rest = "";
        restBytes = 0;
        readLine(line, bytes);
        start = newline + 1;
      }
      const unfinished = start === 0 ? text : text.slice(start);
      rest += unfinished;
      restBytes += Buffer.byteLength(unfinished);
      check(restBytes);
      const complete = events;
      events = [];
      return complete;
    },
    asCame(start, end) {
      if (plain === undefined || start < plain.first || end - plain.first >= plain.starts.length) return undefined;
      return plain.text.slice(plain.starts[start - plain.first], plain.starts[end - plain.first]);
    },
    end: () => [],
    leftOver: () => data !== undefined || event !== "" || rest !== "" || decoding.holds(),
  };
}

function valueAfter(line: string, colon: number): string {
  return line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
}
