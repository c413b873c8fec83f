import { type Palette, cut, printable, widthOf } from "./terminal.ts";

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string | number | null | undefined;
  /** Numbers stand right, so their digits line up. */
  readonly align?: "left" | "right";
  /** Cut with an ellipsis when the line is too long for the window. */
  readonly flexible?: boolean;
  /** Left out, right to left, when cutting is not enough. A pipe and --json always have it. */
  readonly spare?: boolean;
  readonly paint?: (text: string, row: T, palette: Palette) => string;
}

const gap = "  ";
/** A flexible column is first cut to this, then spare columns go, then it is cut further. */
const comfortable = 18;
const least = 6;
const none = "–";

/**
 * Lines up rows under their titles. `columns` bounds the width for a person's window; Infinity (a pipe) cuts nothing.
 */
export function renderTable<T>(rows: readonly T[], layout: readonly Column<T>[], view: { palette: Palette; columns: number }): string {
  let columns = layout.map((column) => {
    const cells = rows.map((row) => textOf(column.value(row)));
    return { column, cells, width: Math.max(widthOf(column.title), ...cells.map(widthOf)) };
  });
  while (!shrink(columns, view.columns, comfortable)) {
    const spare = columns.findLastIndex(({ column }) => column.spare === true);
    if (spare < 0) break;
    columns = columns.toSpliced(spare, 1);
  }
  shrink(columns, view.columns, least);
  const lines = [columns.map(({ column, width }) => view.palette.dim(fit(column.title, width, column.align)))];
  for (const [index, row] of rows.entries()) {
    lines.push(
      columns.map(({ column, cells, width }) => {
        const fitted = fit(cells[index]!, width, column.align);
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

/** Takes from the widest flexible column until the line fits (true), or none is wider than `floor` (false). */
function shrink<T>(columns: { column: Column<T>; width: number }[], available: number, floor: number): boolean {
  let over = columns.reduce((sum, { width }) => sum + width, 0) + gap.length * (columns.length - 1) - available;
  while (over > 0) {
    const widest = columns
      .filter(({ column, width }) => column.flexible === true && width > floor)
      .toSorted((one, other) => other.width - one.width)[0];
    if (widest === undefined) return false;
    widest.width -= 1;
    over -= 1;
  }
  return true;
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
