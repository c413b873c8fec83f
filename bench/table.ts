/** One figure: what was measured, against what target. */
export interface CheckResult {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  /** In words, for example `at most 3`. */
  readonly target: string;
  /** Null when it could not be measured here; `value` is null then, and the name says why. */
  readonly ok: boolean | null;
  /** Requests, records, rows or repeats behind the value. */
  readonly n: number;
}

export interface Check {
  readonly name: string;
  run(): Promise<CheckResult[]>;
}

export function atMost(limit: number): { target: string; holds: (value: number) => boolean } {
  return { target: `at most ${limit.toLocaleString("en")}`, holds: (value) => value <= limit };
}

export function atLeast(limit: number): { target: string; holds: (value: number) => boolean } {
  return { target: `at least ${limit.toLocaleString("en")}`, holds: (value) => value >= limit };
}

export function result(
  name: string,
  value: number,
  unit: string,
  more: { goal: ReturnType<typeof atMost> | null; n: number },
): CheckResult {
  return { name, value, unit, target: more.goal?.target ?? "shown", ok: more.goal === null ? true : more.goal.holds(value), n: more.n };
}

export function printTable(area: string, results: readonly CheckResult[]): void {
  const rows = results.map(({ name, value, unit, target, ok, n }) => [
    name,
    value === null ? "not measured" : `${format(value)} ${unit}`,
    target,
    ok === null ? "skipped" : ok ? "ok" : "MISSED",
    n.toLocaleString("en"),
  ]);
  const head = ["figure", "value", "target", "verdict", "n"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 || column === 2 || column === 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ");
  console.log(`\n${area}\n${line(head)}\n${widths.map((width) => "-".repeat(width)).join("  ")}`);
  for (const row of rows) console.log(line(row));
}

function format(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}
