import { longestLineBytes, readLineBatches } from "../../parse-rows.ts";
import { findDelimiter, parseRecordLine, QuoteFault, type RecordState } from "./parse-record.ts";
import { Refusal } from "./refusal.ts";

/** A record of a CSV file. `row` counts records and blank lines from 1, the header among them. */
export interface CsvRecord {
  readonly row: number;
  readonly cells: readonly string[];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The records of a CSV file, in batches; the first is its header, and blank lines are none. `Refusal` */
export async function* readRecords(path: string, delimiter?: string): AsyncGenerator<CsvRecord[]> {
  const reader = new RecordReader(delimiter);
  for await (const lines of readLineBatches(path)) {
    const records: CsvRecord[] = [];
    for (const line of lines) {
      const record = reader.take(line);
      if (record !== null) records.push(record);
    }
    yield records;
  }
  reader.end();
}

class RecordReader {
  readonly #state: RecordState = { open: null };
  #delimiter: string | undefined;
  #row = 0;
  #line = 0;
  #header: readonly string[] = [];
  /** Of the record that is open: its first line, and its bytes. */
  #openedAt = 0;
  #openBytes = 0;

  constructor(delimiter: string | undefined) {
    this.#delimiter = delimiter;
  }

  /** The record that a line ends. */
  take(bytes: Buffer | null): CsvRecord | null {
    this.#line += 1;
    if (this.#state.open === null) {
      this.#row += 1;
      this.#openedAt = this.#line;
      this.#openBytes = 0;
    }
    const row = this.#row;
    if (bytes === null)
      throw new Refusal(`line ${this.#line} is longer than ${longestLineBytes} bytes; is this a CSV file with line breaks?`, { row });
    this.#openBytes += bytes.length;
    if (this.#openBytes > longestLineBytes) throw this.#openQuote();
    const text = decode(bytes, { row, line: this.#line });
    if (this.#state.open === null && (text === "" || text.trim() === "")) return null;
    this.#delimiter ??= findDelimiter(text);
    try {
      const cells = parseRecordLine(this.#state, text, this.#delimiter);
      if (cells === null) return null;
      if (this.#header.length === 0) this.#header = cells;
      return { row, cells };
    } catch (error) {
      if (!(error instanceof QuoteFault)) throw error;
      throw new Refusal(`${error.message}${atLine(row, this.#line)}; a quote inside a quoted cell is written twice`, {
        row,
        column: this.#header[error.cell],
      });
    }
  }

  end(): void {
    if (this.#state.open !== null) throw this.#openQuote();
  }

  #openQuote(): Refusal {
    return new Refusal(`a quote is opened${atLine(this.#row, this.#openedAt)} and not closed`, {
      row: this.#row,
      column: this.#header[this.#state.open?.cells.length ?? 0],
    });
  }
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

/** Rows and lines differ where a cell has line breaks. */
function atLine(row: number, line: number): string {
  return row === line ? "" : ` (line ${line})`;
}
