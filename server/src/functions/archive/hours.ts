import { idBound, idTime } from "../../core/index.ts";

export const hourMs = 3_600_000;

/** A record older than this when it is stored marks its hour late. */
export const lateAfterMs = 600_000;
/**
 * An hour is closed this long after its end. The difference to `lateAfterMs` is the room for a transaction under way and for
 * clocks of nodes that differ: a record that did not mark its hour is seen when the hour is closed.
 */
export const closeAfterMs = 900_000;

/** Start of the hour a record was made in, ISO 8601. */
export function hourOf(id: string): string {
  return new Date(Math.floor(idTime(id) / hourMs) * hourMs).toISOString();
}

/** The ids of an hour: from inclusive, to exclusive. */
export function idsOf(hour: string): { from: string; to: string } {
  const start = Date.parse(hour);
  return { from: idBound(start), to: idBound(start + hourMs) };
}

export function hourAfter(hour: string): string {
  return new Date(Date.parse(hour) + hourMs).toISOString();
}

/** `2026-11-21T10`, as seals and people name an hour. */
export function hourName(hour: string): string {
  return hour.slice(0, 13);
}
