import type { CellType } from "../types.ts";
import { cellToJson, ColumnTally, settleType } from "./cell-types.ts";
import { checkHeader } from "./check-header.ts";
import { type CsvRecord, readRecords } from "./read-records.ts";
import { Refusal } from "./refusal.ts";
import type { FormatInput, FormatResult } from "./types.ts";

/**
 * CSV, read twice: once to see that every row is whole and what the columns hold, once to write. A type is one of the whole
 * column, so that `007` beside `12` stays text.
 */
export async function readCsv({ part, table, known, out }: FormatInput): Promise<FormatResult> {
  const nulls = new Set(table.nulls);
  let names: string[] | undefined;
  let tallies: ColumnTally[] = [];
  for await (const record of readRecords(part.path, table.delimiter)) {
    if (names === undefined) {
      names = checkHeader(record.cells, record.row);
      checkDeclared(names, Object.keys(table.columns));
      tallies = names.map(() => new ColumnTally());
      continue;
    }
    checkWidth(record, names);
    for (const [index, cell] of record.cells.entries()) if (!nulls.has(cell)) tallies[index]!.add(cell, record.row);
  }
  if (names === undefined) throw new Refusal("the file is empty: there is no header");
  const settled = names.map((column, index) =>
    settleType(tallies[index]!, { column, declared: own(table.columns, column), known: own(known, column) }),
  );
  const types = settled.map(({ type }) => type ?? "text");
  const keys = names.map((name) => `${JSON.stringify(name)}:`);
  let isHeader = true;
  for await (const { cells } of readRecords(part.path, table.delimiter)) {
    if (isHeader) isHeader = false;
    else
      out.write(`{${cells.map((cell, index) => keys[index]! + (nulls.has(cell) ? "null" : cellToJson(cell, types[index]!))).join(",")}}`);
  }
  const learned = names.flatMap((name, index): [string, CellType][] => {
    const type = settled[index]!.type;
    return type === null ? [] : [[name, type]];
  });
  return { notes: settled.flatMap(({ note }) => note ?? []), types: Object.fromEntries(learned) };
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function checkDeclared(names: readonly string[], declared: readonly string[]): void {
  const missing = declared.find((name) => !names.includes(name));
  if (missing !== undefined)
    throw new Refusal("the configuration gives this column a type, and the header has none of its name", { row: 1, column: missing });
}

function checkWidth({ row, cells }: CsvRecord, names: readonly string[]): void {
  if (cells.length === names.length) return;
  throw new Refusal(
    `the row has ${cells.length} cells where the header has ${names.length}`,
    cells.length < names.length ? { row, column: names[cells.length] } : { row },
  );
}
