import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { createRandom, sha256 } from "../../core/index.ts";
import { createLake, createLakeInTask } from "./create.ts";
import type { Lake, LakeColumn, LakeRow } from "./types.ts";

const columns: LakeColumn[] = [
  { name: "text", type: "text" },
  { name: "integer", type: "integer" },
  { name: "number", type: "number" },
  { name: "boolean", type: "boolean" },
  { name: "at", type: "timestamp" },
  { name: "day", type: "date" },
  { name: "json", type: "json" },
];

const oddRows: LakeRow[] = [
  {
    text: "a\u0000b \u{1f600} é İ Σ \u2028",
    integer: Number.MAX_SAFE_INTEGER,
    number: 0.1,
    boolean: true,
    at: "2002-07-31T12:00:00.123Z",
    day: "2002-07-31",
    json: { a: [1, null, "\u0000"] },
  },
  {
    text: "x".repeat(300_000),
    integer: -1,
    number: -1e300,
    boolean: false,
    at: "1969-12-31T23:59:59.999Z",
    day: "1583-01-01",
    json: "text",
  },
  { text: "", integer: 0, number: 5e-324, boolean: null, at: null, day: null, json: [] },
  { text: null, integer: null, number: null, boolean: null, at: null, day: null, json: null },
  {
    text: "quotes \" ' \\ and\nlines\t,",
    integer: 1,
    number: 1,
    boolean: true,
    at: "2002-01-01T00:00:00.000Z",
    day: "9999-12-31",
    json: { deep: { "key with space": 1.5 } },
  },
];

async function openLake(): Promise<{ lake: Lake; folder: string; scratch: string }> {
  const folder = await temporaryFolder();
  const scratch = join(folder, "scratch");
  // Same code, same locks, without the second process: what is tested about processes starts one.
  return { lake: createLakeInTask({ scratchFolder: scratch }), folder: join(folder, "lake"), scratch };
}

function table(count: number, seed = 1): LakeRow[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    text: `label ${random.integer(50)}`,
    integer: index,
    number: random.next(),
    boolean: index % 2 === 0,
    at: new Date(index * 1000).toISOString(),
    day: null,
    json: null,
  }));
}

describe("a Parquet file", () => {
  test("gives back the rows it was written from: large text, NUL, Unicode, nulls, times", async () => {
    const { lake, folder } = await openLake();
    const file = await lake.writeParquet({ rows: oddRows, columns, folder });
    expect(file).toMatchObject({ rows: 5, path: join(folder, `${file.hash}.parquet`) });
    expect(sha256(await readFile(file.path))).toBe(file.hash);
    expect(await lake.readParquet(file.path)).toEqual(oddRows);
  });

  test("keeps any text, and turns what is no Unicode text into U+FFFD", async () => {
    const { lake, folder } = await openLake();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 30 }), async (texts) => {
        const rows = [...texts, "lone \ud800 surrogate", "\\ud800 spelled"].map((text) => ({ text }));
        const [file, read] = await lake.run([
          { kind: "write", rows, columns: [{ name: "text", type: "text" }], folder },
          { kind: "read", path: { step: 0 } },
        ]);
        expect(file.rows).toBe(rows.length);
        expect(read).toEqual(rows.map(({ text }) => ({ text: text.toWellFormed() })));
      }),
      { numRuns: 12 },
    );
  });

  test("has the same hash for the same rows, wherever they come from and with 1 or 4 threads, and another for others", async () => {
    const { folder, scratch } = await openLake();
    // More than one row group.
    const rows = table(130_000);
    const jsonlPath = join(dirname(folder), "rows.jsonl");
    await writeFile(jsonlPath, rows.map((row) => JSON.stringify(Object.fromEntries(Object.entries(row).toReversed()))).join("\n"));
    const [few, many] = [1, 4].map((threads) => createLakeInTask({ scratchFolder: scratch, threads })) as [Lake, Lake];
    const [first] = await few.run([
      { kind: "write", jsonlPath, columns, folder: `${folder}-few` },
      { kind: "derive", sql: "SELECT * FROM rows", files: { rows: { step: 0 } }, folder: `${folder}-few` },
    ]);
    expect(await readdir(`${folder}-few`)).toHaveLength(1);
    const written = await many.run([
      { kind: "write", rows, columns, folder },
      { kind: "write", jsonlPath, columns, folder: `${folder}-other` },
      { kind: "write", rows: rows.toReversed(), columns, folder },
      { kind: "derive", sql: "SELECT * FROM rows", files: { rows: { step: 0 } }, folder },
    ]);
    expect(written[0].hash).toBe(first.hash);
    expect(written[1].hash).toBe(first.hash);
    expect(written[2].hash).not.toBe(first.hash);
    expect(written[3].hash).toBe(first.hash);
    expect(written[0].rows).toBe(130_000);
    expect(await readdir(folder)).toHaveLength(2);
    expect(await readFile(written[1].path)).toEqual(await readFile(first.path));
  });

  test("of rows that do not fit their columns is refused with the reason, and nothing is left", async () => {
    const { lake, folder, scratch } = await openLake();
    await expect(lake.writeParquet({ rows: [{ integer: "many" }], columns, folder })).rejects.toMatchObject({
      code: "lake_query_failed",
      details: { step: 0, kind: "write" },
    });
    expect(await readdir(scratch)).toEqual([]);
    await expect(readdir(folder)).rejects.toThrow("ENOENT");
  });

  test("without rows has its columns", async () => {
    const { lake, folder } = await openLake();
    const [file, rows, profile] = await lake.run([
      { kind: "write", rows: [], columns, folder },
      { kind: "read", path: { step: 0 } },
      { kind: "profile", path: { step: 0 } },
    ]);
    expect(file.rows).toBe(0);
    expect(rows).toEqual([]);
    expect(profile.columns.map(({ name }) => name)).toEqual(columns.map(({ name }) => name));
    expect(profile.columns[0]).toMatchObject({ count: 0, nulls: 0, min: null });
  });
});

describe("reading", () => {
  test("takes columns, typed filters, order and pages", async () => {
    const { lake, folder } = await openLake();
    const file = await lake.writeParquet({ rows: table(1000), columns, folder });
    const read = await lake.run([
      {
        kind: "read",
        path: file.path,
        columns: ["integer"],
        where: [
          { column: "integer", operator: ">=", value: 10 },
          { column: "integer", operator: "<", value: 13 },
        ],
      },
      {
        kind: "read",
        path: file.path,
        columns: ["integer"],
        where: [{ column: "at", operator: "<", value: "1970-01-01T00:00:02Z" }],
        orderBy: [{ column: "integer", descending: true }],
      },
      { kind: "read", path: file.path, columns: ["integer"], where: [{ column: "integer", operator: "in", value: [7, 3, 5000] }] },
      { kind: "read", path: file.path, columns: ["integer"], limit: 2, offset: 4 },
      { kind: "read", path: file.path, columns: ["integer"], where: [{ column: "day", operator: "is not null" }] },
      { kind: "read", path: file.path, columns: ["integer"], where: [{ column: "integer", operator: "in", value: [] }] },
    ]);
    expect(read.map((rows) => rows.map(({ integer }) => integer))).toEqual([[10, 11, 12], [1, 0], [3, 7], [4, 5], [], []]);
  });

  test("takes a hostile name or value as a name or value", async () => {
    const { lake, folder } = await openLake();
    const file = await lake.writeParquet({
      rows: [{ 'a" b': "x' OR 1=1 --" }, { 'a" b': "other" }],
      columns: [{ name: 'a" b', type: "text" }],
      folder,
    });
    expect(await lake.readParquet(file.path, { where: [{ column: 'a" b', operator: "=", value: "x' OR 1=1 --" }] })).toHaveLength(1);
    await expect(lake.readParquet(file.path, { columns: ['a" b" FROM x --'] })).rejects.toMatchObject({
      code: "lake_query_failed",
      details: { columns: ['a" b'] },
    });
    await expect(lake.readParquet(file.path, { limit: -1 })).rejects.toMatchObject({ code: "lake_query_failed" });
  });

  test("what is not there or not Parquet fails by name", async () => {
    const { lake, folder } = await openLake();
    await expect(lake.readParquet(join(folder, "none.parquet"))).rejects.toMatchObject({ code: "lake_query_failed" });
    const path = join(dirname(folder), "text.parquet");
    await writeFile(path, "this is not Parquet");
    await expect(lake.readParquet(path)).rejects.toMatchObject({ code: "lake_query_failed" });
  });
});

describe("a query", () => {
  test("joins files by name, with parameters", async () => {
    const { lake, folder } = await openLake();
    const [labels, texts] = await lake.run([
      {
        kind: "write",
        rows: [
          { id: 1, label: "spam" },
          { id: 2, label: "ham" },
        ],
        columns: [
          { name: "id", type: "integer" },
          { name: "label", type: "text" },
        ],
        folder,
      },
      {
        kind: "write",
        rows: [
          { id: 1, text: "win" },
          { id: 2, text: "hi" },
        ],
        columns: [
          { name: "id", type: "integer" },
          { name: "text", type: "text" },
        ],
        folder,
      },
    ]);
    const rows = await lake.query({
      sql: "SELECT text, count(*) AS n FROM texts JOIN labels USING (id) WHERE label = $label GROUP BY text",
      files: { labels: labels.path, texts: texts.path },
      params: { label: "spam" },
    });
    expect(rows).toEqual([{ text: "win", n: 1 }]);
    expect(await lake.query({ sql: "SELECT count(*) AS n FROM twice", files: { twice: [labels.path, labels.path] } })).toEqual([{ n: 4 }]);
  });

  test("answers every type as JSON", async () => {
    const { lake } = await openLake();
    const sql =
      "SELECT 9007199254740993 AS large, 1.25::DECIMAL(9,2) AS money, [1, 2] AS list, {'a': TIMESTAMP '2020-01-01 00:00:00.000001'} AS nested, 'nan'::DOUBLE AS nothing, MAP {'k': 1} AS pairs, TIMESTAMPTZ '2020-01-01 02:00:00+02' AS zoned, sum(3) AS total";
    expect(await lake.query({ sql, files: {} })).toEqual([
      {
        large: "9007199254740993",
        money: 1.25,
        list: [1, 2],
        nested: { a: "2020-01-01T00:00:00.000001Z" },
        nothing: null,
        pairs: { k: 1 },
        zoned: "2020-01-01T00:00:00.000Z",
        total: 3,
      },
    ]);
  });

  test.each([
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_text('SCRATCH/../../../../../../../../etc/passwd')",
    "SELECT * FROM read_parquet('https://example.org/a.parquet')",
    "SELECT getenv('PATH')",
    "COPY (SELECT 1) TO '/tmp/millrace-lake-escape.csv'",
    "COPY (SELECT 1) TO 'SCRATCH/inside.csv'",
    "ATTACH '/tmp/millrace-lake-escape.db'",
    "ATTACH 'SCRATCH/inside.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 1",
    "SET allowed_directories = ['/']",
    "RESET enable_external_access",
    "PRAGMA enable_profiling",
    "CREATE SECRET (TYPE s3)",
    "EXPORT DATABASE 'SCRATCH/out'",
    "CALL pragma_version()",
    "CREATE TABLE t AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; SET threads = 1",
    "",
  ])("may not do this: %s", async (sql) => {
    const { lake, scratch } = await openLake();
    const error = await lake.query({ sql: sql.replaceAll("SCRATCH", scratch), files: {} }).then(
      (rows) => ({ code: "allowed", rows }),
      (refusal: unknown) => refusal,
    );
    expect(error).toMatchObject({ code: "lake_query_failed" });
    expect(JSON.stringify(error)).not.toContain("root:");
  });

  test("may not write over the file it reads, nor read another dataset beside it", async () => {
    const { lake, folder } = await openLake();
    const { path } = await lake.writeParquet({ rows: [{ text: "kept" }], columns, folder });
    await copyFile(path, join(folder, "other.parquet"));
    const before = await readFile(path);
    for (const sql of [`COPY (SELECT 1) TO '${path}' (FORMAT parquet)`, `SELECT * FROM '${join(folder, "other.parquet")}'`]) {
      await expect(lake.query({ sql, files: { mine: path } })).rejects.toMatchObject({ code: "lake_query_failed" });
    }
    expect(await readFile(path)).toEqual(before);
  });
});

describe("a profile", () => {
  test("counts, ranges and distributes", async () => {
    const { lake, folder } = await openLake();
    const rows = Array.from({ length: 101 }, (_, index) => ({
      text: index === 0 ? null : "ab".repeat(index % 3),
      integer: index,
      number: index / 100,
      boolean: true,
      at: new Date(index).toISOString(),
      day: null,
      json: { a: index % 2 },
    }));
    const [, profile] = await lake.run([
      { kind: "write", rows, columns, folder },
      { kind: "profile", path: { step: 0 } },
    ]);
    expect(profile.rows).toBe(101);
    const byName = Object.fromEntries(profile.columns.map((column) => [column.name, column]));
    expect(byName["text"]).toMatchObject({ count: 100, nulls: 1, distinct: 3, min: "", max: "abab", minLength: 0, maxLength: 4 });
    expect(byName["integer"]).toMatchObject({ count: 101, distinct: 101, min: 0, max: 100, mean: 50, quantiles: [5, 25, 50, 75, 95] });
    expect(byName["integer"]!.standardDeviation).toBeCloseTo(29.3, 2);
    expect(byName["at"]).toMatchObject({ min: "1970-01-01T00:00:00.000Z", max: "1970-01-01T00:00:00.100Z" });
    expect(byName["day"]).toMatchObject({ count: 0, nulls: 101, distinct: 0, min: null, max: null });
    expect(byName["json"]).toMatchObject({ type: "JSON", distinct: 2 });
  });
});

describe("a task process", () => {
  async function openReal(): Promise<{ lake: Lake; folder: string; scratch: string }> {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "lake"));
    return {
      lake: createLake({ scratchFolder: join(folder, "scratch"), memoryMb: 256 }),
      folder: join(folder, "lake"),
      scratch: join(folder, "scratch"),
    };
  }

  test("runs several steps at once, and brings large results through a file", async () => {
    const { lake, folder, scratch } = await openReal();
    // Past 10 MiB they travel by file.
    const rows = table(2000).map((row) => ({ ...row, text: `${String(row["text"])} ${"padding ".repeat(800)}` }));
    const [file, read, counted] = await lake.run([
      { kind: "write", rows, columns, folder },
      { kind: "read", path: { step: 0 } },
      { kind: "query", sql: "SELECT count(*) AS n FROM rows", files: { rows: { step: 0 } } },
    ]);
    expect(file.rows).toBe(2000);
    expect(read.length).toBe(2000);
    expect(read[1999]).toEqual(rows[1999]);
    expect(counted).toEqual([{ n: 2000 }]);
    expect(await readdir(scratch)).toEqual([]);
  });

  test("that is cancelled or takes too long is killed by name, and its scratch is removed", async () => {
    const { lake, scratch } = await openReal();
    const endless = { sql: "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3", files: {} };
    await expect(lake.query(endless, { timeoutMs: 1000 })).rejects.toMatchObject({ code: "task_killed" });
    await expect(lake.query(endless, { signal: AbortSignal.timeout(500) })).rejects.toMatchObject({ code: "task_killed" });
    expect(await readdir(scratch)).toEqual([]);
  });

  test("passes on which step failed and why", async () => {
    const { lake } = await openReal();
    const failing = lake.run([
      { kind: "query", sql: "SELECT 1 AS one", files: {} },
      { kind: "query", sql: "SELECT missing FROM nothing", files: {} },
    ]);
    await expect(failing).rejects.toMatchObject({ code: "lake_query_failed", details: { step: 1, kind: "query" } });
  });

  test("is held to its memory", async () => {
    const { lake } = await openReal();
    const greedy = lake.query({ sql: "SELECT length(string_agg(repeat('x', 1000), '')) AS n FROM range(3000000)", files: {} });
    await expect(greedy).rejects.toMatchObject({ code: "lake_query_failed" });
  });
});
