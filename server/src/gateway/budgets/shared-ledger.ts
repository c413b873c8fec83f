import { AppError } from "../../core/index.ts";
import type { Ledger } from "./ledger.ts";

export interface SharedLedgerDeps {
  readonly shared: Ledger;
  /** Counts of this node alone, for when the store is away. */
  readonly local: Ledger;
  /** What part of a limit this node may use by itself then. */
  readonly localShare: number;
}

/** Counts of all nodes; while their store is away, what each budget says: refuse, or this node's share. */
export function createSharedLedger({ shared, local, localShare }: SharedLedgerDeps): Ledger & { readonly isAway: boolean } {
  let isAway = false;

  async function withStore<T>(ask: () => T | Promise<T>, without: (error: unknown) => T | Promise<T>): Promise<T> {
    try {
      const answer = await ask();
      isAway = false;
      return answer;
    } catch (error) {
      isAway = true;
      return without(error);
    }
  }

  return {
    get isAway() {
      return isAway;
    },
    reserve: (lines, leaseMs) =>
      withStore(
        () => shared.reserve(lines, leaseMs),
        async (cause) => {
          const strict = lines.find(({ whenStoreIsAway }) => whenStoreIsAway === "refuse");
          if (strict !== undefined) throw storeIsAway(strict.group, cause);
          return local.reserve(
            lines.map((line) => ({ ...line, limit: Math.max(1, Math.floor(line.limit * localShare)) })),
            leaseMs,
          );
        },
      ),
    keys: (owner, limit) =>
      withStore(
        () => shared.keys(owner, limit),
        () => local.keys(owner, limit),
      ),
    read: (counts) =>
      withStore(
        () => shared.read(counts),
        () => local.read(counts),
      ),
  };
}

function storeIsAway(budget: string, cause: unknown): AppError {
  return new AppError(
    "budget_unavailable",
    `What is left of the budget "${budget}" is not known: the store of its counts cannot be reached, and the budget says to refuse then.`,
    { cause, details: { budget, retryAfterSeconds: 1 } },
  );
}
