import type { Estimate } from "@millrace/contract";

const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

export function count(value: number): string {
  return value.toLocaleString("en");
}

export function percent(value: number, digits = 1): string {
  return `${(value * 100).toFixed(digits)}%`;
}

/** A share with its 95% interval and sample size, as every number that decides something is shown. */
export function estimate(value: Estimate | null): string {
  if (value === null) return "no labels yet";
  return `${percent(value.value)} [${percent(value.low)}, ${percent(value.high)}] n ${count(value.n)}`;
}

export function milliseconds(value: number | null): string {
  if (value === null) return "–";
  if (value === 0) return "0 ms";
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** In UTC, as the server keeps it. */
export function instant(text: string): string {
  return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

/** From one day to another, as short as it stays clear: "6 – 21 Aug 2002". */
export function days(from: string, to: string): string {
  return dayFormat.formatRange(new Date(from), new Date(to));
}

/** The first characters of a hash or id, enough to recognise it. */
export function short(text: string): string {
  return text.slice(0, 10);
}

export function ago(text: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(text)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${(value / 1024).toFixed(0)} KiB`;
  return `${(value / 1024 / 1024).toFixed(1)} MiB`;
}
