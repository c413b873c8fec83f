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
  for await (const records of readRecords(part.path, table.delimiter))
    for (const record of records) {
      if (names === undefined) {
        names = checkHeader(record.cells, record.row);
        checkDeclared(names, Object.keys(table.columns));
        tallies = names.map(() => new ColumnTally());
      } else {
        checkWidth(record, names);
        for (let index = 0; index < names.length; index++) {
          const cell = record.cells[index]!;
          if (!nulls.has(cell)) tallies[index]!.add(cell, record.row);
        }
      }
    }
  if (names === undefined) throw new Refusal("the file is empty: there is no header");
  const settled = names.map((column, index) =>
    settleType(tallies[index]!, { column, declared: own(table.columns, column), known: own(known, column) }),
  );
  const writeRow = rowWriter(names, { nulls, types: settled.map(({ type }) => type ?? "text") });
  let isHeader = true;
  for await (const records of readRecords(part.path, table.delimiter))
    for (const { row, cells } of records) {
      if (isHeader) isHeader = false;
      else out.write(writeRow(cells), row);
    }
  const learned = names.flatMap((name, index): [string, CellType][] => {
    const type = settled[index]!.type;
    return type === null ? [] : [[name, type]];
  });
  return { notes: settled.flatMap(({ note }) => note ?? []), types: Object.fromEntries(learned) };
}

/** A record as one JSON object. */
function rowWriter(
  names: readonly string[],
  { nulls, types }: { readonly nulls: ReadonlySet<string>; readonly types: readonly CellType[] },
): (cells: readonly string[]) => string {
  const keys = names.map((name, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  return (cells) => {
    let text = "";
    for (let index = 0; index < keys.length; index++) {
      const cell = cells[index]!;
      text += keys[index]! + (nulls.has(cell) ? "null" : cellToJson(cell, types[index]!));
    }
    return `${text}}`;
  };
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
