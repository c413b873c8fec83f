import type { PriceRow } from "./price-row.ts";
import { publishedPrices } from "./prices.ts";

export interface PriceTable {
  /** The row in force at a time (milliseconds since the epoch), or null: a price nobody told us is not guessed. */
  find(provider: string, model: string, at: number): PriceRow | null;
}

interface Entry {
  readonly row: PriceRow;
  readonly configured: boolean;
  readonly from: number;
  /** What a name begins with; null for an exact name. */
  readonly beginning: string | null;
}

/** Rows of the configuration, and the ones we publish behind them. */
export function createPriceTable(configured: readonly PriceRow[] = [], published: readonly PriceRow[] = publishedPrices): PriceTable {
  const byProvider = Map.groupBy(
    [...configured.map((row) => toEntry(row, true)), ...published.map((row) => toEntry(row, false))].sort(compare),
    (entry) => entry.row.provider,
  );
  return {
    find: (provider, model, at) => byProvider.get(provider)?.find((entry) => entry.from <= at && matches(entry, model))?.row ?? null,
  };
}

function toEntry(row: PriceRow, configured: boolean): Entry {
  // A day alone is read as midnight UTC.
  return { row, configured, from: Date.parse(row.from), beginning: row.model.endsWith("*") ? row.model.slice(0, -1) : null };
}

function matches(entry: Entry, model: string): boolean {
  return entry.beginning === null ? entry.row.model === model : model.startsWith(entry.beginning);
}

/** Configured first, then the more particular name, then the later day; the first that applies is the one. */
function compare(left: Entry, right: Entry): number {
  return Number(right.configured) - Number(left.configured) || particularity(right) - particularity(left) || right.from - left.from;
}

function particularity(entry: Entry): number {
  return entry.beginning === null ? Number.MAX_SAFE_INTEGER : entry.beginning.length;
}
