import { type KeyboardEvent, type ReactNode, useState } from "react";

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  readonly number?: boolean;
}

interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  /** Opens a row: click, or Enter on the chosen one; j and k, or the arrows, choose. */
  readonly onOpen?: (row: T) => void;
}

export function Table<T>({ label, rows, columns, keyOf, onOpen }: TableProps<T>): ReactNode {
  const [chosen, setChosen] = useState(0);

  function onKeyDown(event: KeyboardEvent): void {
    if (onOpen === undefined || rows.length === 0) return;
    if (event.key === "j" || event.key === "ArrowDown") setChosen((index) => Math.min(rows.length - 1, index + 1));
    else if (event.key === "k" || event.key === "ArrowUp") setChosen((index) => Math.max(0, index - 1));
    else if (event.key === "Enter" && event.target === event.currentTarget) onOpen(rows[Math.min(chosen, rows.length - 1)]!);
    else return;
    event.preventDefault();
  }

  return (
    <div className="scroll">
      <table aria-label={label} {...(onOpen === undefined ? {} : { tabIndex: 0, role: "grid", onKeyDown })}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} className={column.number ? "number" : undefined} scope="col">
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr
              key={keyOf(row)}
              {...(onOpen === undefined ? {} : { "data-link": true, "aria-selected": index === chosen, onClick: () => onOpen(row) })}
            >
              {columns.map((column) => (
                <td key={column.title} className={column.number ? "number" : undefined}>
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
