import { readFile } from "node:fs/promises";
import { checkHeader } from "./check-header.ts";
import { Refusal } from "./refusal.ts";
import { TypeWatch } from "./type-watch.ts";
import type { FormatInput, FormatResult } from "./types.ts";

type Cell = string | number | boolean | Date | null;

/** One sheet of an .xlsx file: its first row is the header, dates are instants in UTC, empty rows are none. */
export async function readExcel({ part, table, out }: FormatInput): Promise<FormatResult> {
  const sheets = await readSheets(part.path);
  const names = sheets.map(({ sheet }) => JSON.stringify(sheet)).join(", ");
  const found = table.sheet === undefined ? sheets[0] : sheets.find(({ sheet }) => sheet === table.sheet);
  if (found === undefined)
    throw new Refusal(table.sheet === undefined ? "the file has no sheet" : `there is no sheet "${table.sheet}"; it has ${names}`);
  const [head, ...rows] = found.data;
  if (head === undefined) throw new Refusal(`the sheet "${found.sheet}" is empty: there is no header`);
  const columns = checkHeader(
    // Every row is as wide as the widest.
    head.slice(0, head.findLastIndex((cell) => cell !== null) + 1).map((cell) => (cell === null ? "" : String(toJson(cell)))),
    1,
  );
  const keys = columns.map((name) => `${JSON.stringify(name)}:`);
  const nulls = new Set<Cell>([null, ...table.nulls]);
  const watch = new TypeWatch();
  for (const [index, cells] of rows.entries()) {
    const row = index + 2;
    if (cells.every((cell) => cell === null)) continue;
    const beyond = cells.slice(columns.length).findIndex((cell) => cell !== null);
    if (beyond !== -1) throw new Refusal(`cell ${columns.length + beyond + 1} is filled, and the header ends before it`, { row });
    const values = columns.map((_name, place) => (nulls.has(cells[place] ?? null) ? null : toJson(cells[place]!)));
    watch.add(Object.fromEntries(columns.map((name, place) => [name, values[place]])), row);
    out.write(`{${values.map((value, place) => keys[place]! + JSON.stringify(value)).join(",")}}`, row);
  }
  return { notes: watch.notes };
}

async function readSheets(path: string): Promise<{ sheet: string; data: Cell[][] }[]> {
  // Only here: most sources have no such file.
  const { default: readWorkbook } = await import("read-excel-file/node");
  try {
    return (await readWorkbook(await readFile(path))) as { sheet: string; data: Cell[][] }[];
  } catch (cause) {
    throw new Refusal(`it cannot be read as an Excel file (.xlsx): ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function toJson(cell: string | number | boolean | Date): string | number | boolean {
  if (!(cell instanceof Date)) return cell;
  if (Number.isNaN(cell.getTime())) throw new Refusal("a cell holds a date that is none");
  return cell.toISOString();
}
