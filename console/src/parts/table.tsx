import { type MouseEvent, type ReactNode, useMemo, useRef, useState } from "react";
import { useKeys } from "./keys.ts";

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  readonly number?: boolean;
  /** Prose may take several lines; everything else stays on one. */
  readonly prose?: boolean;
  /** On a phone a row becomes a card: `lead` is its first line, `line` one of its own, `hidden` is left out. */
  readonly phone?: "lead" | "line" | "hidden";
}

interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  /** Opens a row: click, or j and k (or the arrows) and Enter, from anywhere on the page. One such table on a page. */
  readonly onOpen?: (row: T) => void;
}

// Roles are spelled out, because cards on a phone are no table to some browsers.
// oxlint-disable jsx-a11y/no-redundant-roles, jsx-a11y/no-interactive-element-to-noninteractive-role
export function Table<T>({ label, rows, columns, keyOf, onOpen }: TableProps<T>): ReactNode {
  const body = useRef<HTMLTableSectionElement>(null);
  // The row, not its place: a list that refreshes must not move the choice to another row.
  const [chosen, setChosen] = useState<string | null>(null);
  const bindings = useMemo(() => {
    if (onOpen === undefined || rows.length === 0) return {};
    const at = rows.findIndex((row) => keyOf(row) === chosen);
    const choose = (index: number) => {
      const next = Math.max(0, Math.min(rows.length - 1, index));
      setChosen(keyOf(rows[next]!));
      body.current?.rows[next]?.scrollIntoView({ block: "nearest" });
    };
    const down = () => choose(at + 1);
    const up = () => choose(at === -1 ? 0 : at - 1);
    return { j: down, ArrowDown: down, k: up, ArrowUp: up, ...(at === -1 ? {} : { Enter: () => onOpen(rows[at]!) }) };
  }, [rows, keyOf, onOpen, chosen]);
  useKeys(bindings);

  function onClick(event: MouseEvent, row: T): void {
    // A link inside the row is a link; marking text is not a click, nor is what happens in a dialog the row opened.
    if ((event.target as HTMLElement).closest("a, button, dialog") !== null || String(window.getSelection()) !== "") return;
    onOpen?.(row);
  }

  return (
    <div className="scroll">
      <table aria-label={label} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.title} className={column.number ? "number" : undefined} scope="col" role="columnheader">
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} role="rowgroup">
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              role="row"
              {...(onOpen === undefined
                ? {}
                : { "data-link": true, "aria-current": keyOf(row) === chosen, onClick: (event: MouseEvent) => onClick(event, row) })}
            >
              {columns.map((column) => (
                <td
                  key={column.title}
                  role="cell"
                  data-title={column.title}
                  className={[column.number && "number", column.prose && "prose", column.phone && `phone-${column.phone}`]
                    .filter(Boolean)
                    .join(" ")}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
