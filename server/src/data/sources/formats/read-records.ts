import { longestLineBytes, readLines } from "../../parse-rows.ts";
import { findDelimiter, parseRecordLine, QuoteFault, type RecordState } from "./parse-record.ts";
import { Refusal } from "./refusal.ts";

/** A record of a CSV file. `row` counts records and blank lines from 1, the header among them. */
export interface CsvRecord {
  readonly row: number;
  readonly cells: readonly string[];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The records of a CSV file; the first is its header, and blank lines are none. `Refusal` */
export async function* readRecords(path: string, givenDelimiter?: string): AsyncGenerator<CsvRecord> {
  const state: RecordState = { open: null };
  let delimiter = givenDelimiter;
  let row = 0;
  let line = 0;
  let header: readonly string[] = [];
  let openedAt = 0;
  let openBytes = 0;
  for await (const bytes of readLines(path)) {
    line += 1;
    if (state.open === null) {
      row += 1;
      openedAt = line;
      openBytes = 0;
    }
    openBytes += bytes?.length ?? 0;
    if (bytes === null)
      throw new Refusal(`line ${line} is longer than ${longestLineBytes} bytes; is this a CSV file with line breaks?`, { row });
    if (openBytes > longestLineBytes) throw openQuote(row, openedAt, header[state.open?.cells.length ?? 0]);
    const text = decode(bytes, { row, line });
    if (state.open === null && text.trim() === "") continue;
    delimiter ??= findDelimiter(text);
    try {
      const cells = parseRecordLine(state, text, delimiter);
      if (cells === null) continue;
      if (header.length === 0) header = cells;
      yield { row, cells };
    } catch (error) {
      if (!(error instanceof QuoteFault)) throw error;
      throw new Refusal(`${error.message}${atLine(row, line)}; a quote inside a quoted cell is written twice`, {
        row,
        column: header[error.cell],
      });
    }
  }
  if (state.open !== null) throw openQuote(row, openedAt, header[state.open.cells.length]);
}

function decode(bytes: Buffer, place: { row: number; line: number }): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    const utf16 = place.line === 1 && (bytes[0] === 0xff || bytes[0] === 0xfe);
    throw new Refusal(`the text is not UTF-8${atLine(place.row, place.line)}${utf16 ? ": it looks like UTF-16" : ""}; save it as UTF-8`, {
      row: place.row,
    });
  }
  return place.line === 1 && text.startsWith("\ufeff") ? text.slice(1) : text;
}

function openQuote(row: number, line: number, column: string | undefined): Refusal {
  return new Refusal(`a quote is opened${atLine(row, line)} and not closed`, { row, column });
}

/** Rows and lines differ where a cell has line breaks. */
function atLine(row: number, line: number): string {
  return row === line ? "" : ` (line ${line})`;
}
