export interface Bound {
  readonly rows: number;
  /** Of their lines, in characters. */
  readonly characters: number;
}

/** As many from the front as fit into one statement, one at least; they leave the list. */
export function takeSome<T extends { readonly line: string }>(list: T[], { rows, characters }: Bound): T[] {
  let taken = 0;
  let size = 0;
  while (taken < list.length && taken < rows) {
    size += list[taken]!.line.length;
    if (taken > 0 && size > characters) break;
    taken++;
  }
  return list.splice(0, taken);
}
