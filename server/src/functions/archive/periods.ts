import { idBound } from "../../core/index.ts";

/** What retention takes out of SQL: bodies by the day, lists and shadows by the month. */
export type RetainedKind = "bodies" | "inferences" | "shadows";

export const tableOf: Readonly<Record<RetainedKind, string>> = {
  bodies: "functions_inference_bodies",
  inferences: "functions_inferences",
  shadows: "functions_shadows",
};

export interface Period {
  readonly kind: RetainedKind;
  /** `2026-03-05` or `2026-03`. */
  readonly name: string;
  /** Milliseconds since the epoch: from inclusive, to exclusive. */
  readonly from: number;
  readonly to: number;
}

export interface Retention {
  /** Days a body stays in SQL after its own. */
  readonly bodiesDays: number;
  /** Months a list row or a shadow stays in SQL after its own. */
  readonly listsMonths: number;
}

/** The period an instant lies in. */
export function periodOf(kind: RetainedKind, instant: number): Period {
  const date = new Date(instant);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const text = date.toISOString();
  return kind === "bodies"
    ? { kind, name: text.slice(0, 10), from: Date.UTC(year, month, day), to: Date.UTC(year, month, day + 1) }
    : { kind, name: text.slice(0, 7), from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}

/** Periods that end at or before this moment are over. */
export function cutoff(kind: RetainedKind, now: number, retention: Retention): number {
  const date = new Date(now);
  return kind === "bodies"
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() - retention.bodiesDays)
    : Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - retention.listsMonths);
}

/** The partition's name, as `partitionsAt` gives it. */
export function partitionOf(period: Period): string {
  return `${tableOf[period.kind]}_${period.name.replaceAll("-", "")}`;
}

/** The period a partition's name speaks of; null for the default one and for strangers. */
export function periodOfPartition(kind: RetainedKind, partition: string): Period | null {
  const stamp = partition.slice(tableOf[kind].length + 1);
  if (!/^\d{6}(\d{2})?$/.test(stamp)) return null;
  const [year, month, day] = [Number(stamp.slice(0, 4)), Number(stamp.slice(4, 6)), Number(stamp.slice(6, 8) || "1")];
  const period = periodOf(kind, Date.UTC(year, month - 1, day));
  return partitionOf(period) === partition ? period : null;
}

/** The ids of a period: from inclusive, to exclusive. */
export function idsOfPeriod(period: Period): { from: string; to: string } {
  return { from: idBound(period.from), to: idBound(period.to) };
}
