/** One count that a call changes: so many requests, tokens or billionths of a dollar, within a window. Amounts are whole numbers. */
export interface LedgerLine {
  /** Names the count among all. */
  readonly key: string;
  /** Whose it is: counts are listed by it. */
  readonly owner: string;
  /** The budget: each holds a bounded number of counts, so that a flood of one leaves the others alone. */
  readonly group: string;
  readonly windowMs: number;
  readonly limit: number;
  readonly amount: number;
  /** Held until it is settled; otherwise it is known and counts at once. */
  readonly held: boolean;
  /** Where counts are shared and the store is away. */
  readonly whenStoreIsAway: "refuse" | "local";
}

export interface Shortage {
  readonly line: LedgerLine;
  readonly left: number;
  /** Milliseconds until the amount fits; null when it never does. */
  readonly waitMs: number | null;
}

export type Reserved =
  /** `settle` takes what it came to, line by line. Only its first call counts; without one the lease turns what was held into what was used. */
  { readonly ok: true; settle(amounts: readonly number[]): void } | { readonly ok: false; readonly shortage: Shortage };

export interface LineState {
  readonly used: number;
  readonly reserved: number;
  /** Until the oldest of what is used leaves the window; null when nothing is used. */
  readonly waitMs: number | null;
}

/** Where counts live. */
export interface Ledger {
  /** All lines at once, or none. Counts in memory answer at once. */
  reserve(lines: readonly LedgerLine[], leaseMs: number): Reserved | Promise<Reserved>;
  /** Keys of an owner, the one used last first. */
  keys(owner: string, limit: number): Promise<readonly string[]>;
  read(counts: readonly { readonly key: string; readonly group: string; readonly windowMs: number }[]): Promise<readonly LineState[]>;
}

/** How long a refused caller waits when only calls under way stand in his way: nobody knows when they end. */
export const underWayMs = 1000;
