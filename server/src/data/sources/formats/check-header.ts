import { Refusal } from "./refusal.ts";

/** The names of the columns, in order. `Refusal` for a column without a name and for two of one name. */
export function checkHeader(cells: readonly string[], row: number): string[] {
  const names = cells.map((cell) => cell.trim());
  for (const [index, name] of names.entries()) {
    if (name === "") throw new Refusal(`column ${index + 1} has no name in the header`, { row });
    const first = names.indexOf(name);
    if (first !== index) throw new Refusal(`columns ${first + 1} and ${index + 1} have the same name`, { row, column: name });
  }
  return names;
}
