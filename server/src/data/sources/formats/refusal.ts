/** What is wrong with a file, and where; the file is set aside. */
export class Refusal extends Error {
  readonly row: number | undefined;
  readonly column: string | undefined;

  constructor(reason: string, place: { readonly row?: number; readonly column?: string | undefined } = {}) {
    super(reason);
    this.row = place.row;
    this.column = place.column;
  }
}

const longestShown = 60;

/** A cell as a message shows it, cut. */
export function showCell(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
}
