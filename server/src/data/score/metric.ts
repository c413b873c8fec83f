import type { Estimate } from "../../statistics/index.ts";
import type { Metric } from "./types.ts";

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** A figure with its interval; what is not a number (a class without rows) is null, as JSON has no other word for it. */
export function fromEstimate(name: string, { value, low, high, n }: Estimate): Metric {
  const isKnown = Number.isFinite(value);
  return { name, value: finite(value), low: isKnown ? finite(low) : null, high: isKnown ? finite(high) : null, n };
}

export function plain(name: string, value: number, n: number): Metric {
  return { name, value: finite(value), low: null, high: null, n };
}
