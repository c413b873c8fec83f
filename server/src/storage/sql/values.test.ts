import { createRequire } from "node:module";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newContext } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { instantText, toParameter } from "./type-parsers.ts";

let store: TestStore;
beforeAll(async () => {
  store = await createTestStore();
});
afterAll(() => store.close());

async function first(text: string, values: unknown[] = []): Promise<Record<string, unknown>> {
  return store.sql.as(newContext("alice"), async (tx) => (await tx.client.query(text, values)).rows[0]!);
}

/** Expression -> the JavaScript value both stores give. */
const read: [string, unknown][] = [
  ["9007199254740993::int8", "9007199254740993"],
  ["12.50::numeric", "12.50"],
  ["7::int4", 7],
  ["7::int2", 7],
  ["1.5::float8", 1.5],
  ["'NaN'::float8", Number.NaN],
  ["true", true],
  ["null::text", null],
  ["'é'::text", "é"],
  ["'ab '::char(3)", "ab "],
  ["timestamptz '2002-08-22 13:36:16.5+02'", "2002-08-22T11:36:16.500Z"],
  ["timestamptz '2002-08-22 13:36:16.123456+05:30'", "2002-08-22T08:06:16.123Z"],
  ["timestamp '2002-08-22 13:36:16'", "2002-08-22T13:36:16.000Z"],
  ["timestamptz 'infinity'", "infinity"],
  ["date '2002-08-22'", "2002-08-22"],
  ["time '13:36:16.5'", "13:36:16.5"],
  ["interval '1 day 2 hours'", "1 day 02:00:00"],
  [`'{"a":[1,null]}'::jsonb`, { a: [1, null] }],
  [`'{"a":1}'::json`, { a: 1 }],
  ["'null'::jsonb", null],
  ["array['x','y,\"z', null]::text[]", ["x", 'y,"z', null]],
  ["array[]::text[]", []],
  ["array[1,2]::int4[]", [1, 2]],
  ["array[9007199254740993]::int8[]", ["9007199254740993"]],
  ["array[1.50]::numeric[]", ["1.50"]],
  ["array[timestamptz '2002-08-22 00:00Z', null]", ["2002-08-22T00:00:00.000Z", null]],
  ["array[date '2002-08-22']", ["2002-08-22"]],
  ["array['01a1fe06-c722-7061-9952-a1499fce8ed8']::uuid[]", ["01a1fe06-c722-7061-9952-a1499fce8ed8"]],
  ["'01a1fe06-c722-7061-9952-a1499fce8ed8'::uuid", "01a1fe06-c722-7061-9952-a1499fce8ed8"],
  ["'\\x00ff41'::bytea", Buffer.from([0, 255, 65])],
  ["point(1,2)", "(1,2)"],
  ["'10.0.0.1'::inet", "10.0.0.1"],
];

describe("values", () => {
  test.each(read)("%s reads the same on both stores", async (expression, expected) => {
    expect((await first(`select ${expression} as v`))["v"]).toEqual(expected);
  });

  /** Type, parameter, what comes back. */
  const written: [string, unknown, unknown][] = [
    ["int8", 5n, "5"],
    ["int8", 5, "5"],
    ["int4", "5", 5],
    ["numeric", "0.1", "0.1"],
    ["bool", false, false],
    ["text", 5, "5"],
    ["text", true, "true"],
    ["text", "a\\b'\"\u{1F600}", "a\\b'\"\u{1F600}"],
    ["text", null, null],
    ["text", undefined, null],
    ["jsonb", { a: ["x", { b: null }] }, { a: ["x", { b: null }] }],
    ["jsonb", JSON.stringify([1, 2]), [1, 2]],
    ["text[]", ["a", null, 'b"\\,{}', ""], ["a", null, 'b"\\,{}', ""]],
    [
      "int4[]",
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["text[]", [], []],
    ["timestamptz", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["timestamptz", "2002-08-22T11:36:16.5Z", "2002-08-22T11:36:16.500Z"],
    ["bytea", Buffer.from([0, 1, 255]), Buffer.from([0, 1, 255])],
    ["bytea", new Uint8Array([7]), Buffer.from([7])],
  ];
  test.each(written)("%s takes %o on both stores", async (type, value, expected) => {
    expect((await first(`select $1::${type} as v`, [value]))["v"]).toEqual(expected);
  });

  test("counts rows as pg does", async () => {
    await store.sql.owner.query("create table counted (a int)");
    const counts = [];
    for (const text of [
      "insert into counted values (1), (2), (3)",
      "update counted set a = 4 where a > 1",
      "delete from counted where a = 9",
      "select * from counted",
      "delete from counted returning a",
    ]) {
      counts.push((await store.sql.owner.query(text)).rowCount);
    }
    expect(counts).toEqual([3, 2, 0, 3, 3]);
  });

  test("a failed statement carries PostgreSQL's code and names the constraint", async () => {
    await store.sql.owner.query("create table once (a int constraint only_once primary key)");
    await store.sql.owner.query("insert into once values (1)");
    await expect(store.sql.owner.query("insert into once values ($1)", [1])).rejects.toMatchObject({
      code: "23505",
      constraint: "only_once",
      table: "once",
    });
  });

  test("parameters become the text that pg makes of them", () => {
    const { prepareValue } = createRequire(import.meta.url)("pg/lib/utils.js") as { prepareValue(value: unknown): unknown };
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.bigInt(), fc.double(), fc.constant(null));
    const value = fc.oneof(
      scalar,
      fc.array(scalar),
      fc.array(fc.array(fc.string())),
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())),
    );
    fc.assert(
      fc.property(value, (each) => {
        expect(toParameter(each)).toEqual(prepareValue(each));
      }),
    );
  });

  test("any instant survives as ISO text", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0100-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true }),
        (date) => {
          const text = date.toISOString();
          expect(instantText(text.replace("T", " ").replace("Z", "+00"))).toBe(text);
        },
      ),
    );
  });
});
