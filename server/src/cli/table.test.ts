import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Column, renderFacts, renderTable } from "./table.ts";
import { cut, paletteOf, printable, widthOf } from "./terminal.ts";

const plain = paletteOf({ colours: false });
const coloured = paletteOf({ colours: true });

interface Row {
  name: string;
  amount: number | null;
}
const columns: readonly Column<Row>[] = [
  { title: "NAME", value: (row) => row.name, flexible: true },
  { title: "AMOUNT", value: (row) => row.amount, align: "right" },
];

describe("a table", () => {
  test("lines up numbers on the right and names on the left", () => {
    const text = renderTable(
      [
        { name: "a", amount: 5 },
        { name: "longer", amount: 12_345 },
      ],
      columns,
      { palette: plain, columns: 80 },
    );
    expect(text).toBe("NAME    AMOUNT\na            5\nlonger   12345");
  });

  test("shows a dash where there is nothing", () => {
    expect(renderTable([{ name: "", amount: null }], columns, { palette: plain, columns: 80 })).toBe("NAME  AMOUNT\n–          –");
  });

  test("never has a line longer than the window, whatever the cells hold", () => {
    const cell = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.constantFrom("日本語のとても長い件名です", "👩‍👩‍👧 family", "\u001B[31mred\u001B[0m", "a\r\nb\tc"),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, fc.integer({ min: 0, max: 999_999 })), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 40, max: 120 }),
        fc.boolean(),
        (rows, width, colours) => {
          const text = renderTable(
            rows,
            [
              { title: "FIRST", value: (row) => row[0], flexible: true, paint: (shown, _row, palette) => palette.bad(shown) },
              { title: "AMOUNT", value: (row) => row[2], align: "right" },
              { title: "SECOND", value: (row) => row[1], flexible: true },
              { title: "SPARE", value: () => "x".repeat(30), spare: true },
            ],
            { palette: colours ? coloured : plain, columns: width },
          );
          const lines = text.split("\n");
          expect(lines).toHaveLength(rows.length + 1);
          expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  test("cuts first, then leaves spare columns out, and cuts nothing in a pipe", () => {
    const wide: readonly Column<Row>[] = [...columns, { title: "SPARE", value: () => "s".repeat(40), spare: true }];
    const row = { name: "n".repeat(40), amount: 1 };
    expect(renderTable([row], wide, { palette: plain, columns: 80 })).toContain("…");
    expect(renderTable([row], wide, { palette: plain, columns: 80 })).toContain("SPARE");
    expect(renderTable([row], wide, { palette: plain, columns: 50 })).not.toContain("SPARE");
    expect(renderTable([row], wide, { palette: plain, columns: Number.POSITIVE_INFINITY })).toContain(`${row.name}  `);
  });
});

describe("text from elsewhere", () => {
  test("cannot move the cursor, set colours or the window's title", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // Line breaks and tabs are laid out; every other control character is gone.
        expect(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/.test(printable(text))).toBe(false);
      }),
    );
    expect(printable("\u001B]0;owned\u0007")).toBe(" ]0;owned ");
  });

  test("is cut by the columns it takes, not by its characters", () => {
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("日本語", 4)).toBe("日…");
    expect(cut("abcd", 4)).toBe("abcd");
    expect(widthOf("日本")).toBe(4);
    expect(widthOf("\u001B[31mred\u001B[39m")).toBe(3);
  });
});

describe("facts", () => {
  test("stand under each other", () => {
    expect(
      renderFacts(
        [
          ["a", 1],
          ["longer", null],
        ],
        { palette: plain },
      ),
    ).toBe("a       1\nlonger  –");
    expect(renderFacts([], { palette: plain })).toBe("");
  });
});
