import { describe, expect, test } from "vitest";
import { checkHeldBack, checkRows } from "./check-rows.ts";
import { readColumn } from "./read-columns.ts";
import { classificationRows, regressionRows } from "./test-rows.ts";

const some = Array.from({ length: 200 }, (_, row) => row);
const labels = some.map((row) => (row % 2 === 0 ? "yes" : "no"));

describe("rows that could only give a wrong model are refused, naming the column:", () => {
  test("no rows", () => {
    expect(() => checkRows(regressionRows({ age: [] }, []), "price")).toThrow(/"price" has no value/);
  });

  test("one class only, or one number only", () => {
    const same = classificationRows(
      { age: some },
      some.map(() => "yes"),
      { age: "number" },
    );
    expect(() => checkRows(same, "sold")).toThrow(/All 200 training rows have "yes" in the column "sold".*two labels/);
    expect(() =>
      checkRows(
        regressionRows(
          { age: some },
          some.map(() => 7),
        ),
        "price",
      ),
    ).toThrow(/have 7 in the column "price"/);
  });

  test("a column without a value", () => {
    for (const type of ["number", "category", "instant", "boolean"] as const) {
      const rows = classificationRows({ age: some.map(() => null) }, labels, { age: type });
      expect(() => checkRows(rows, "sold")).toThrow(/"age" has no value in the 200 training rows/);
    }
  });

  test("a category that is an identifier, or one of a million", () => {
    const identifiers = classificationRows({ id: some.map(String) }, labels, { id: "category" });
    expect(() => checkRows(identifiers, "sold")).toThrow(/"id" has 200 different values in 200 training rows: a text or an identifier/);
    const many = Array.from({ length: 30_000 }, (_, row) => row);
    const spread = regressionRows({ zip: many.map((row) => `z${row % 11_000}`) }, many, { zip: "category" });
    expect(() => checkRows(spread, "price")).toThrow(/"zip" has 11000 different values/);
    expect(() => checkRows(regressionRows({ zip: some.map((row) => `z${row % 60}`) }, some, { zip: "category" }), "price")).not.toThrow();
  });

  test("a label that stands in rows held back alone, or none held back", () => {
    const rows = classificationRows({ age: some }, labels, { age: "number" });
    expect(() => checkHeldBack(["yes", "perhaps", "perhaps"], rows, "sold")).toThrow(
      /"perhaps" of the column "sold" stands in 2 rows held back/,
    );
    expect(() => checkHeldBack([], rows, "sold")).toThrow(/no labelled rows held back/);
    expect(() => checkHeldBack(["yes"], rows, "sold")).not.toThrow();
  });

  test.each([
    ["number", [1, "two"], /"age" must be a finite number.*row 2 has "two"/],
    ["number", [Number.NaN], /row 1 has null/],
    ["number", [1, Number.POSITIVE_INFINITY], /row 2/],
    ["number", [1e39], /row 1 has 1e\+39/],
    ["boolean", [true, 1], /"age" must be true or false; row 2 has 1/],
    ["category", ["a", 5], /"age" must be text; row 2 has 5/],
    ["instant", ["2024-01-01T00:00:00Z", "yesterday"], /"age" must be an instant.*row 2 has "yesterday"/],
  ] as const)("%s of mixed or impossible values", (type, values, message) => {
    expect(() => readColumn({ name: "age", type }, values)).toThrow(message);
  });
});
