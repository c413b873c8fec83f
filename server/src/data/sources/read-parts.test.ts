import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createLakeInTask } from "../../storage/index.ts";
import { formatOf } from "./formats/index.ts";
import { writeWorkbook } from "./formats/test-workbook.ts";
import { type ReadProgress, readParts, versionOf } from "./read-parts.ts";
import type { CellType, Part, PartReport, TableOptions } from "./types.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-sources-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): Part {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { name: basename(name), path, format: formatOf(name)! };
}

interface Read {
  readonly rows: Record<string, unknown>[];
  readonly reports: PartReport[];
  readonly known: Readonly<Record<string, CellType>>;
}

async function read(
  parts: readonly Part[],
  options: { table?: Partial<TableOptions>; known?: Record<string, CellType>; maxBytes?: number } = {},
): Promise<Read> {
  const output = join(folder, "rows.jsonl");
  const table: TableOptions = { columns: {}, nulls: [""], ...options.table };
  const said: ReadProgress[] = [];
  await readParts(
    { parts, table, known: options.known ?? {}, output, from: { size: 0, rows: 0 }, maxBytes: options.maxBytes ?? 1e9, scratch: folder },
    (progress) => said.push(progress),
  );
  const rows = readFileSync(output, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(said.at(-1)?.rows ?? 0).toBe(rows.length);
  return { rows, reports: said.map(({ report }) => report), known: said.at(-1)?.known ?? {} };
}

/** What is said of one file that is set aside; nothing of it is kept. */
async function refusal(name: string, content: string | Uint8Array, table: Partial<TableOptions> = {}): Promise<unknown> {
  const { rows, reports } = await read([file(name, content)], { table });
  expect(rows).toEqual([]);
  return reports[0]!.refused;
}

describe("CSV", () => {
  test("gives back every table that was written as RFC 4180 says", async () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "1", ",", '"', "\n", "\r", "é", " ", ";"), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 4 })
          .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 })),
        fc.constantFrom("\n", "\r\n"),
        async (table, lineEnd) => {
          const names = table[0]!.map((_cell, index) => `c${index}`);
          const quoted = table.map((cells) => cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(","));
          const part = file("table.csv", [names.join(","), ...quoted].join(lineEnd));
          const columns = Object.fromEntries(names.map((name) => [name, "text" as const]));
          const { rows } = await read([part], { table: { columns, nulls: [] } });
          expect(rows.map((row) => Object.values(row))).toEqual(table);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("types a column as a whole: amounts are numbers, codes and long digits stay text", async () => {
    const { rows, known } = await read([
      file("types.csv", "\ufeffamount;zip;id;paid;note\r\n1.50;01234;9007199254740993;TRUE;x\r\n\r\n-2e3;90210;12;false;\r\n"),
    ]);
    expect(rows).toEqual([
      { amount: 1.5, zip: "01234", id: "9007199254740993", paid: true, note: "x" },
      { amount: -2000, zip: "90210", id: "12", paid: false, note: null },
    ]);
    expect(known).toEqual({ amount: "number", zip: "text", id: "text", paid: "boolean", note: "text" });
  });

  test("keeps a column named __proto__, and cells that look like JSON", async () => {
    const { rows } = await read([file("odd.csv", '__proto__,b\n"{""a"":1}",null\n')]);
    expect(JSON.stringify(rows)).toBe('[{"__proto__":"{\\"a\\":1}","b":"null"}]');
  });

  test("says row and column of what is wrong, and keeps nothing of the file", async () => {
    expect(await refusal("a.csv", "")).toMatchObject({ reason: "the file is empty: there is no header" });
    expect(await refusal("a.csv", "a,b,a\n1,2,3\n")).toEqual({
      name: "a.csv",
      reason: "columns 1 and 3 have the same name",
      row: 1,
      column: "a",
    });
    expect(await refusal("a.csv", "a,,b\n")).toMatchObject({ reason: "column 2 has no name in the header", row: 1 });
    expect(await refusal("a.csv", 'a,b\n"1\n1",2\n3\n')).toMatchObject({
      reason: "the row has 1 cells where the header has 2",
      row: 3,
      column: "b",
    });
    expect(await refusal("a.csv", 'a,b\n1,"2\n3,4\n')).toMatchObject({ reason: "a quote is opened and not closed", row: 2, column: "b" });
    expect(await refusal("a.csv", 'a,b\n1,"2"3\n')).toMatchObject({ row: 2, column: "b" });
    expect(await refusal("a.csv", Buffer.from("a,b\n1,caf\u00e9\n", "latin1"))).toMatchObject({
      reason: "the text is not UTF-8; save it as UTF-8",
      row: 2,
    });
    expect(await refusal("a.csv", "age\n1\nold\n", { columns: { age: "number" } })).toEqual({
      name: "a.csv",
      reason: '"old" is not a number, as the configuration says of this column',
      row: 3,
      column: "age",
    });
    expect(await refusal("a.csv", "age\n1\n", { columns: { size: "number" } })).toMatchObject({ row: 1, column: "size" });
  });

  test("refuses a line without an end before it fills the memory", async () => {
    const part = file("long.csv", `a,b\n1,2\n${"x".repeat(9 * 1024 * 1024)}`);
    const { reports } = await read([part]);
    expect(reports[0]!.refused).toMatchObject({ row: 3, reason: expect.stringContaining("line 3 is longer than 8388608 bytes") });
    const quoted = file("open.csv", `a,b\n1,"${`${"x".repeat(999)}\n`.repeat(9000)}`);
    expect((await read([quoted])).reports[0]!.refused).toMatchObject({ row: 2, column: "b" });
  });

  test("holds later files to the types of the first; a rare odd value is noted and stays as it is", async () => {
    const ages = Array.from({ length: 300 }, (_, index) => String(index));
    const { rows, reports } = await read([
      file("one.csv", `age\n${[...ages, "n/a"].join("\n")}\n`),
      file("two.csv", "age\n1\nold\n"),
      file("three.csv", "age\n7\n"),
      file("four.csv", `age\n${[...ages, "007"].join("\n")}\n`),
    ]);
    expect(reports[3]!.refused).toMatchObject({ row: 302, column: "age", reason: expect.stringContaining('"007" is a code') });
    expect(reports[0]).toMatchObject({ rows: 301, notes: ['column "age": 1 of 301 values are not a number, the first "n/a" in row 302'] });
    expect(reports[1]!.refused).toMatchObject({ name: "two.csv", row: 3, column: "age" });
    expect(rows.at(-2)).toEqual({ age: "n/a" });
    expect(rows.at(-1)).toEqual({ age: 7 });
  });
});

describe("other formats", () => {
  test("JSON lines keep every digit; a line that is none names its row; mixed types are noted", async () => {
    const { rows, reports } = await read([
      file("a.jsonl", '{"id":12345678901234567890,"v":1}\n\n{"id":2,"v":"x"}'),
      file("b.jsonl", '{"v":1}\n[1]\n'),
      file("c.jsonl", ""),
    ]);
    expect(readFileSync(join(folder, "rows.jsonl"), "utf8")).toContain("12345678901234567890");
    expect(rows).toHaveLength(2);
    expect(reports[0]!.notes).toEqual(['column "v": mixed types, number in row 1 and text in row 3']);
    expect(reports[1]!.refused).toMatchObject({ row: 2, reason: "not an object: [1]" });
    expect(reports[2]!.refused).toMatchObject({ reason: "the file is empty" });
  });

  test("Parquet gives its own types; what is none is said so, without the path", async () => {
    const lake = createLakeInTask({ scratchFolder: folder });
    const columns = [
      { name: "id", type: "integer" },
      { name: "at", type: "timestamp" },
    ] as const;
    const parquet = await lake.writeParquet({ rows: [{ id: 1, at: "2026-01-02T03:04:05.000Z" }], columns, folder });
    const broken = file("broken.parquet", "PAR1 and then nothing");
    const { rows, reports } = await read([{ name: "a.parquet", path: parquet.path, format: "parquet" }, broken]);
    expect(rows).toEqual([{ id: 1, at: "2026-01-02T03:04:05.000Z" }]);
    expect(reports[1]!.refused!.reason).toMatch(/^it cannot be read as Parquet: /);
    expect(reports[1]!.refused!.reason).not.toContain(folder);
  });

  test("Excel gives the rows of a sheet; duplicate names, cells beyond the header and other files are refused", async () => {
    const day = new Date("2026-03-01T00:00:00Z");
    const good = writeWorkbook("Orders", [["id", "paid", "at", "note"], [1, true, day, "x"], [], [2, false, day, null]]);
    const { rows, reports } = await read([file("good.xlsx", good)], { table: { sheet: "Orders" } });
    expect(reports[0]!.refused).toBeUndefined();
    expect(rows).toEqual([
      { id: 1, paid: true, at: "2026-03-01T00:00:00.000Z", note: "x" },
      { id: 2, paid: false, at: "2026-03-01T00:00:00.000Z", note: null },
    ]);
    expect(await refusal("good.xlsx", good, { sheet: "Returns" })).toMatchObject({
      reason: 'there is no sheet "Returns"; it has "Orders"',
    });
    expect(await refusal("twice.xlsx", writeWorkbook("S", [["a", "a"]]))).toMatchObject({ row: 1, column: "a" });
    expect(await refusal("wide.xlsx", writeWorkbook("S", [["a"], [1, 2]]))).toMatchObject({ row: 2 });
    expect(await refusal("none.xlsx", "not a zip")).toMatchObject({ reason: expect.stringContaining("Excel") });
  });
});

describe("several files", () => {
  test("tell of each row where it stood, if they are asked to; packed ones are unpacked", async () => {
    const { rows, reports } = await read(
      [
        file("a.csv", 'n,t\n1,"x\ny"\n\n2,z\n'),
        file("b.jsonl.gz", gzipSync('{"n":3}\n{ }\n')),
        file("c.csv.gz", "not packed"),
        file("d.csv.gz", gzipSync(`n\n${"7".repeat(2000)}\n`)),
      ],
      { table: { origin: true }, maxBytes: 1000 },
    );
    expect(rows).toEqual([
      { n: 1, t: "x\ny", source_file: "a.csv", source_row: 2 },
      { n: 2, t: "z", source_file: "a.csv", source_row: 4 },
      { n: 3, source_file: "b.jsonl.gz", source_row: 1 },
      { source_file: "b.jsonl.gz", source_row: 2 },
    ]);
    expect(reports.map(({ refused }) => refused?.reason)).toEqual([
      undefined,
      undefined,
      "it cannot be unpacked (gzip): incorrect header check",
    ]);
  });

  test("one that is too large or that changes meanwhile is set aside; past the bound of a read the rest waits", async () => {
    const small = file("1.jsonl", '{"a":1}\n');
    const large = file("2.jsonl", `{"a":"${"x".repeat(200)}"}\n`);
    const alone = await read([large, small], { maxBytes: 100 });
    expect(alone.reports[0]!.refused).toMatchObject({ name: "2.jsonl", reason: expect.stringContaining("larger than 100 bytes") });
    expect(alone.rows).toEqual([{ a: 1 }]);
    expect((await read([small, large, small], { maxBytes: 100 })).reports).toHaveLength(1);
    const changed = { ...small, version: "0-0" };
    const { rows, reports } = await read([changed, { ...small, version: versionOf(small.path) }]);
    expect(reports.map(({ again }) => again)).toEqual([true, undefined]);
    expect(rows).toEqual([{ a: 1 }]);
  });
});

const dataFolder = new URL("../../../../../shared/data/", import.meta.url);

describe.skipIf(!existsSync(dataFolder))("real files (shared/data)", () => {
  test("keep every row, with the types a person would give them", async () => {
    const part = (name: string): Part => ({ name, path: fileURLToPath(new URL(name, dataFolder)), format: "csv" });
    const spam = await read([part("youtube_spam/data.csv")]);
    expect(spam.rows).toHaveLength(1956);
    const german = await read([part("german_credit/data.csv"), part("titanic/train.csv"), part("dirty_hospital/dirty.csv")]);
    expect(german.reports.map(({ rows }) => rows)).toEqual([1000, 891, 1000]);
    expect(german.known).toMatchObject({ Age: "number", Fare: "number", Ticket: "text", zip: "text" });
    expect(german.reports.flatMap(({ refused }) => refused ?? [])).toEqual([]);
  });
});
