import { parseLine, readLines } from "../../data/index.ts";

/** One row of a source: what it holds, or why it cannot be read. */
export type SourceRow =
  | { readonly row: number; readonly values: Readonly<Record<string, unknown>> }
  | { readonly row: number; readonly reason: string };

/** Rows of a JSONL file, numbered from 1; blank lines are none. */
export async function* readRows(path: string): AsyncGenerator<SourceRow> {
  let line = 0;
  let row = 0;
  for await (const bytes of readLines(path)) {
    const parsed = parseLine(bytes, ++line);
    if (parsed === null) continue;
    row++;
    yield "raw" in parsed ? { row, values: parsed.raw } : { row, reason: `Line ${line}: ${parsed.reason}.` };
  }
}
