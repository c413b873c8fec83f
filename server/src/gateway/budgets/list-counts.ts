import type { Clock } from "../../core/index.ts";
import { type AmountKind, formatAmount, limitOf } from "./amounts.ts";
import type { Bucket } from "./buckets.ts";
import type { BudgetConfig } from "./config.ts";
import { parseKey } from "./keys.ts";
import type { Ledger } from "./ledger.ts";

/** One count of a budget. Amounts are decimal text: dollars, tokens or requests. */
export interface BudgetCount {
  readonly budget: string;
  readonly bucket: Bucket;
  readonly kind: AmountKind;
  readonly windowSeconds: number;
  readonly limit: string;
  readonly used: string;
  readonly reserved: string;
  readonly left: string;
  /** When the oldest of what is used leaves the window; null when nothing is used. */
  readonly resetsAt: string | null;
}

export interface ListDeps {
  readonly budgets: readonly BudgetConfig[];
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** The counts of a project that are in use, the one used last first. */
export async function listCounts(projectId: string, limit: number, { budgets, ledger, clock }: ListDeps): Promise<BudgetCount[]> {
  if (budgets.length === 0) return [];
  const found = (await ledger.keys(projectId, limit)).flatMap((key) => {
    const name = parseKey(key);
    const budget = budgets.find((each) => each.name === name?.budget);
    const most = name === null || budget === undefined ? null : limitOf(name.kind, budget.limits);
    // A budget that is not configured any more, or not in this kind, has counts left for a while.
    return name === null || budget === undefined || most === null ? [] : [{ key, name, budget, most }];
  });
  const states = await ledger.read(found.map(({ key, budget }) => ({ key, group: budget.name, windowMs: budget.windowSeconds * 1000 })));
  return found.map(({ name, budget, most }, index) => {
    const { used, reserved, waitMs } = states[index]!;
    const format = (amount: number) => formatAmount(name.kind, amount);
    return {
      budget: budget.name,
      bucket: name.bucket,
      kind: name.kind,
      windowSeconds: budget.windowSeconds,
      limit: format(most),
      used: format(used),
      reserved: format(reserved),
      left: format(Math.max(0, most - used - reserved)),
      resetsAt: waitMs === null ? null : new Date(clock.now() + waitMs).toISOString(),
    };
  });
}
