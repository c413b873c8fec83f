export interface RetryBudget {
  /** A first attempt leaves: it earns a share of a retry. */
  deposit(): void;
  /** True when a retry may be made, which is then paid for. */
  withdraw(): boolean;
  readonly balance: number;
}

export interface RetryBudgetOptions {
  /** Retries earned by one first attempt. */
  readonly share: number;
  /** At most so many are saved up; it starts with as many, so that a quiet server may repeat its first failures. */
  readonly cap: number;
}

/** Whole units: tenths added up as fractions would never make one. */
const unit = 1_000_000;

/**
 * Bounds what retries add to the load on a provider in trouble: in the long run a tenth of the first attempts. Without it each of
 * many callers repeats three times, and a provider that was slow is down.
 */
export function createRetryBudget({ share, cap }: RetryBudgetOptions = { share: 0.1, cap: 10 }): RetryBudget {
  const deposit = Math.round(share * unit);
  const full = Math.round(cap * unit);
  let balance = full;
  return {
    deposit: () => {
      balance = Math.min(full, balance + deposit);
    },
    withdraw: () => {
      if (balance < unit) return false;
      balance -= unit;
      return true;
    },
    get balance() {
      return balance / unit;
    },
  };
}

/** One budget for each target, made when it is first asked for. */
export interface RetryBudgets {
  of(target: string): RetryBudget;
}

export function createRetryBudgets(options?: RetryBudgetOptions): RetryBudgets {
  const budgets = new Map<string, RetryBudget>();
  return {
    of: (target) => {
      let found = budgets.get(target);
      if (found === undefined) budgets.set(target, (found = createRetryBudget(options)));
      return found;
    },
  };
}
