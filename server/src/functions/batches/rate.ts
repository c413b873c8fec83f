const windowMs = 10_000;

/** Rows a second over the last ten seconds, from how many there were at a time. */
export interface Rate {
  /** `at` in milliseconds of a steady clock; `null` until there are two moments to compare. */
  measure(at: number, rows: number): number | null;
}

export function createRate(): Rate {
  const seen: { readonly at: number; readonly rows: number }[] = [];
  return {
    measure(at, rows) {
      seen.push({ at, rows });
      while (seen.length > 2 && seen[1]!.at <= at - windowMs) seen.shift();
      const [first] = seen;
      return at > first!.at ? ((rows - first!.rows) * 1000) / (at - first!.at) : null;
    },
  };
}
