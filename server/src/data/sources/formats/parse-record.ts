/** A record of CSV that goes over several lines: the cells before, and what stands in the quote that is open. */
interface OpenRecord {
  readonly cells: string[];
  readonly pieces: string[];
}

export interface RecordState {
  open: OpenRecord | null;
}

/** Text behind a closing quote. */
export class QuoteFault extends Error {
  /** From 0. */
  readonly cell: number;

  constructor(cell: number) {
    super("text stands behind a closing quote");
    this.cell = cell;
  }
}

/**
 * The next line of CSV (RFC 4180; quotes inside an unquoted cell are text): the cells of the record it ends, or null while a
 * quote is open. `QuoteFault`
 */
export function parseRecordLine(state: RecordState, line: string, delimiter: string): string[] | null {
  const cells = state.open?.cells ?? [];
  let at = 0;
  let open = state.open?.pieces ?? null;
  state.open = null;
  for (;;) {
    if (open === null && line[at] !== '"') {
      const end = line.indexOf(delimiter, at);
      cells.push(end === -1 ? line.slice(at) : line.slice(at, end));
      if (end === -1) return withoutReturn(cells);
      at = end + 1;
      continue;
    }
    if (open === null) {
      open = [];
      at += 1;
    }
    const close = findClosingQuote(line, at);
    if (close === -1) {
      open.push(line.slice(at), "\n");
      state.open = { cells, pieces: open };
      return null;
    }
    open.push(line.slice(at, close));
    cells.push(open.join("").replaceAll('""', '"'));
    open = null;
    at = close + 1;
    if (at === line.length || (at === line.length - 1 && line[at] === "\r")) return cells;
    if (line[at] !== delimiter) throw new QuoteFault(cells.length - 1);
    at += 1;
  }
}

/** A line may end with CR LF; only inside quotes a CR is part of the cell. */
function withoutReturn(cells: string[]): string[] {
  const last = cells.at(-1)!;
  if (last.endsWith("\r")) cells[cells.length - 1] = last.slice(0, -1);
  return cells;
}

/** The place of the next quote that is not doubled, or -1. */
function findClosingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at !== -1; at = line.indexOf('"', at + 2)) if (line[at + 1] !== '"') return at;
  return -1;
}

const delimiters = [",", ";", "\t", "|"];

/** The candidate that stands most often in the header outside quotes; a comma when none does. */
export function findDelimiter(header: string): string {
  const bare = header.replaceAll(/"(?:[^"]|"")*"/g, "");
  const counts = delimiters.map((delimiter) => bare.split(delimiter).length - 1);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}
