import { type Palette, cut, printable, widthOf } from "./terminal.ts";

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string | number | null | undefined;
  /** Numbers stand right, so their digits line up. */
  readonly align?: "left" | "right";
  /** Given up first, right to left, when the line is too long for the window. */
  readonly flexible?: boolean;
  readonly paint?: (text: string, row: T, palette: Palette) => string;
}

const gap = "  ";
const leastFlexible = 8;
const none = "–";

/**
 * Lines up rows under their titles. `columns` bounds the width for a person's window; Infinity (a pipe) cuts nothing.
 */
export function renderTable<T>(rows: readonly T[], layout: readonly Column<T>[], view: { palette: Palette; columns: number }): string {
  const cells = rows.map((row) => layout.map((column) => textOf(column.value(row))));
  const widths = layout.map((column, at) => Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[at]!))));
  shrink(widths, layout, view.columns);
  const lines = [layout.map((column, at) => view.palette.dim(fit(column.title, widths[at]!, column.align)))];
  for (const [index, row] of rows.entries()) {
    lines.push(
      layout.map((column, at) => {
        const fitted = fit(cells[index]![at]!, widths[at]!, column.align);
        return column.paint === undefined ? fitted : column.paint(fitted, row, view.palette);
      }),
    );
  }
  return lines.map((line) => line.join(gap).trimEnd()).join("\n");
}

function textOf(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === "") return none;
  return printable(String(value).replace(/\s+/g, " "));
}

/** Takes columns from the widest flexible column until the line fits, or nothing more can be taken. */
function shrink<T>(widths: number[], layout: readonly Column<T>[], columns: number): void {
  let over = widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1) - columns;
  while (over > 0) {
    let widest = -1;
    for (const [at, column] of layout.entries()) {
      if (column.flexible === true && widths[at]! > leastFlexible && (widest < 0 || widths[at]! > widths[widest]!)) widest = at;
    }
    if (widest < 0) return;
    widths[widest]! -= 1;
    over -= 1;
  }
}

function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const shown = cut(text, width);
  const space = " ".repeat(Math.max(0, width - widthOf(shown)));
  return align === "right" ? space + shown : shown + space;
}

/** `name  value` lines, the names dim and padded: for one thing's facts. */
export function renderFacts(
  facts: readonly (readonly [string, string | number | null | undefined])[],
  view: { palette: Palette; indent?: string },
): string {
  if (facts.length === 0) return "";
  const width = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts
    .map(
      ([name, value]) =>
        `${view.indent ?? ""}${view.palette.dim(fit(name, width))}${gap}${value === null || value === undefined || value === "" ? none : value}`,
    )
    .join("\n");
}
