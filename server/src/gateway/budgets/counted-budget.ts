import { type AmountKind, amountKinds, limitOf } from "./amounts.ts";
import { type Bucket, type Spender, bucketOf, dimensionsOf, valueOf } from "./buckets.ts";
import type { BudgetConfig } from "./config.ts";
import { formatKey } from "./keys.ts";

/** What one spender's calls count in. */
export interface SpendersCounts {
  readonly bucket: Bucket;
  /** One for each of the budget's limits. */
  readonly keys: readonly string[];
}

/** A budget, with what every call would ask of it again. */
export interface CountedBudget {
  readonly budget: BudgetConfig;
  readonly limits: readonly { readonly kind: AmountKind; readonly limit: number }[];
  countsOf(spender: Spender): SpendersCounts;
}

/** Spenders that are remembered: a few ask again and again, and a flood of new ones must not fill the memory. */
const mostSpenders = 1000;
/** Callers choose some values; who chooses long ones is looked up each time. */
const longestName = 512;

export function countBudget(budget: BudgetConfig): CountedBudget {
  const dimensions = dimensionsOf(budget);
  const limits = amountKinds.flatMap((kind) => {
    const limit = limitOf(kind, budget.limits);
    return limit === null ? [] : [{ kind, limit }];
  });
  const known = new Map<string, SpendersCounts>();

  function countsOf(spender: Spender): SpendersCounts {
    const { projectId } = spender;
    // With their lengths: two lists of values are never the same text.
    let name = `${projectId.length} ${projectId}`;
    for (const dimension of dimensions) {
      const value = valueOf(dimension, spender);
      name += `${value.length} ${value}`;
    }
    const found = known.get(name);
    if (found !== undefined) return found;
    const bucket = bucketOf(budget, spender);
    const counts = { bucket, keys: limits.map(({ kind }) => formatKey({ projectId, budget: budget.name, kind, bucket })) };
    if (name.length > longestName) return counts;
    if (known.size >= mostSpenders) known.clear();
    known.set(name, counts);
    return counts;
  }

  return { budget, limits, countsOf };
}
