/** What slices are looked for in: the rows' columns, and their group. */
export function columnsOf(
  rows: readonly { readonly group?: string | undefined; readonly columns: Readonly<Record<string, unknown>> }[],
): Record<string, unknown[]> {
  const names = [...new Set(rows.flatMap(({ columns }) => Object.keys(columns)))];
  const columns = names.map((name) => [name, rows.map((row) => (Object.hasOwn(row.columns, name) ? row.columns[name] : null))] as const);
  const hasGroups = rows.some(({ group }) => group !== undefined);
  return Object.fromEntries(hasGroups ? [...columns, ["group", rows.map(({ group }) => group ?? null)]] : columns);
}
