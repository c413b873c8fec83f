/** Notices columns whose values are of more than one JSON type. */
export class TypeWatch {
  readonly #first = new Map<string, { readonly type: string; readonly row: number; told: boolean }>();
  readonly notes: string[] = [];

  add(values: Readonly<Record<string, unknown>>, row: number): void {
    for (const [column, value] of Object.entries(values)) {
      if (value === null || value === undefined) continue;
      const type = Array.isArray(value) ? "list" : typeof value === "string" ? "text" : typeof value;
      const first = this.#first.get(column);
      if (first === undefined) this.#first.set(column, { type, row, told: false });
      else if (first.type !== type && !first.told) {
        first.told = true;
        this.notes.push(`column "${column}": mixed types, ${first.type} in row ${first.row} and ${type} in row ${row}`);
      }
    }
  }
}
