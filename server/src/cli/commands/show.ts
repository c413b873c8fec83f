import type { Session } from "../session.ts";
import { type Column, renderFacts, renderTable } from "../table.ts";

/** Shows a list as a table, or what to say when it is empty. */
export function showList<T>(
  session: Session,
  answer: { items: T[]; next?: string | null },
  page: { columns: readonly Column<T>[]; empty: string },
): void {
  session.show(answer, () => (answer.items.length === 0 ? page.empty : renderTable(answer.items, page.columns, session)));
  if (answer.next !== undefined && answer.next !== null) session.hint(`There are more: repeat with --cursor ${answer.next}`);
}

/** A heading and what stands under it. */
export function section(session: Session, title: string, body: string): string {
  return `\n${session.palette.strong(title)}\n${body === "" ? "  none" : indent(body)}`;
}

export function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : `  ${line}`))
    .join("\n");
}

export function facts(session: Session, list: readonly (readonly [string, string | number | null | undefined])[]): string {
  return renderFacts(list, session);
}

export function table<T>(session: Session, rows: readonly T[], columns: readonly Column<T>[]): string {
  return rows.length === 0 ? "" : renderTable(rows, columns, { palette: session.palette, columns: session.columns - 2 });
}
