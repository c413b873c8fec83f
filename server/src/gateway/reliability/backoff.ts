import type { Random } from "../../core/index.ts";

export interface Backoff {
  /** Upper bound of the first pause; it doubles with each further one. */
  readonly baseMs: number;
  /** No pause of our own choice is longer. */
  readonly capMs: number;
  /** A provider that asks for a longer pause than this is left alone. */
  readonly patienceMs: number;
}

export const defaultBackoff: Backoff = { baseMs: 250, capMs: 8_000, patienceMs: 20_000 };

/**
 * How long to wait before the next try, `tries` having failed. "Full jitter": anything between nothing and a bound that doubles, so that
 * callers who failed together do not come back together ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function backoffMs(tries: number, { baseMs, capMs }: Pick<Backoff, "baseMs" | "capMs">, random: Random): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** (tries - 1));
}

/** Milliseconds a `Retry-After` header asks for, which is a number of seconds or a date (RFC 9110, 10.2.3); undefined when it is neither. */
export function retryAfterMs(header: string | readonly string[] | undefined, now: number): number | undefined {
  const value = typeof header === "string" ? header.trim() : undefined;
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  // Every form of a date there names its month; Date.parse alone would also take "-5" for a year.
  const date = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
