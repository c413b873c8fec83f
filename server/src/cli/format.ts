import type { Estimate } from "@millrace/contract";

/** `1,234` */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Milliseconds with as many digits as matter: `0.42 ms`, `12.3 ms`, `1.20 s`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(1)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

/** `1.2 MiB` */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** A share as `97.3 %`. */
export function percent(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined ? "–" : `${(value * 100).toFixed(digits)} %`;
}

/** A share with its 95% interval, where the size stands in a column of its own. */
export function interval(value: Estimate | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return `${percent(value.value)} [${(value.low * 100).toFixed(1)}, ${(value.high * 100).toFixed(1)}]`;
}

/** A share with its 95% interval and size: `97.3 % [96.1, 98.2] n=384`. */
export function estimate(value: Estimate | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return `${interval(value)} n=${count(value.n)}`;
}

/** A signed difference of shares in percentage points with its interval. */
export function difference(value: Estimate): string {
  const points = (part: number) => `${part >= 0 ? "+" : "−"}${Math.abs(part * 100).toFixed(2)}`;
  return `${points(value.value)} points [${points(value.low)}, ${points(value.high)}] n=${count(value.n)}`;
}

/** `2026-11-21 10:58:03` in UTC, to the second. */
export function instant(text: string | null | undefined): string {
  if (text === null || text === undefined) return "–";
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString().slice(0, 19).replace("T", " ");
}

/** `2026-11-21` */
export function day(text: string | null | undefined): string {
  return instant(text).slice(0, 10);
}

/** The first 12 digits: enough to tell hashes apart by eye. */
export function shortHash(text: string | null | undefined): string {
  return text === null || text === undefined ? "–" : text.slice(0, 12);
}

/** `yes` or `no`. */
export function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** One line of JSON for a value of unknown shape; text stays as it is. */
export function inline(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
