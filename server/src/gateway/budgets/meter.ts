import { AppError, type Clock } from "../../core/index.ts";
import type { Decimal } from "../money/decimal.ts";
import { type AmountKind, formatAmount, toNanos, unitOf } from "./amounts.ts";
import { type Bucket, type Spender, holdsFor } from "./buckets.ts";
import type { BudgetConfig } from "./config.ts";
import { type CountedBudget, countBudget } from "./counted-budget.ts";
import type { Ledger, LedgerLine, Shortage } from "./ledger.ts";

/** What a call will take, as far as that is known before. `null` dollars: nobody told us the price. */
export interface Forecast {
  /** Of the whole call, with so many tokens of output where the caller sets no bound himself. */
  of(defaultOutputTokens: number): Spend;
}

export interface Spend {
  readonly tokens: number;
  readonly costUsd: Decimal | null;
  /** Of many calls at once; 1 where nothing is said. */
  readonly requests?: number;
}

/** What is held for one call. */
export interface Hold {
  /** For the evidence; null when no budget holds for the call. */
  readonly budgets: readonly string[];
  /** Turns what was held into what it came to; dollars that are not known stay as they were reserved. Only the first call counts. */
  settle(actual: Spend): void;
}

export interface MeterDeps {
  readonly budgets: readonly BudgetConfig[];
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface Entry {
  readonly budget: BudgetConfig;
  readonly kind: AmountKind;
  readonly bucket: Bucket;
  readonly line: LedgerLine;
}

/** Reserves and settles for anything that spends: chat, embeddings, whatever comes. */
export interface Meter {
  /** No budget is configured. */
  readonly isEmpty: boolean;
  /** `budget_exceeded`, `unknown_price`, `budget_unavailable`: then nothing is held. */
  hold(spender: Spender, forecast: Forecast, leaseMs: number): Promise<Hold>;
  /** What is owed already, whatever is left of the budgets: their names. Dollars that are not known count as none. */
  charge(spender: Spender, spend: Spend): Promise<readonly string[]>;
}

/** It is settled at once; where that cannot be said to the store, its lease does it. */
const chargeMs = 60_000;

export function createMeter({ budgets, ledger, clock }: MeterDeps): Meter {
  const counted = budgets.map(countBudget);
  return {
    isEmpty: budgets.length === 0,
    async hold(spender, forecast, leaseMs) {
      const entries: Entry[] = [];
      const names: string[] = [];
      for (const each of counted) {
        if (!holdsFor(each.budget, spender)) continue;
        names.push(each.budget.name);
        addEntries(entries, each, { spender, forecast });
      }
      if (entries.length === 0) return { budgets: [], settle: () => {} };
      const coming = ledger.reserve(
        entries.map(({ line }) => line),
        leaseMs,
      );
      const reserved = coming instanceof Promise ? await coming : coming;
      if (!reserved.ok) throw refusal(entries, reserved.shortage, clock.now());
      return {
        budgets: names,
        settle: (actual) => reserved.settle(entries.map(({ kind, line }) => countable(amountOf(kind, actual)) ?? line.amount)),
      };
    },
    async charge(spender, spend) {
      const known = { ...spend, costUsd: spend.costUsd ?? 0n };
      const entries: Entry[] = [];
      for (const each of counted) if (holdsFor(each.budget, spender)) addEntries(entries, each, { spender, forecast: { of: () => known } });
      if (entries.length === 0) return [];
      const lines = entries.map(({ line }) => ({ ...line, limit: Number.MAX_SAFE_INTEGER }));
      const reserved = await ledger.reserve(lines, chargeMs);
      if (reserved.ok) reserved.settle(lines.map(({ amount }) => amount));
      return [...new Set(entries.map(({ budget }) => budget.name))];
    },
  };
}

function addEntries(
  entries: Entry[],
  { budget, limits, countsOf }: CountedBudget,
  { spender, forecast }: { readonly spender: Spender; readonly forecast: Forecast },
): void {
  const { bucket, keys } = countsOf(spender);
  const spend = forecast.of(budget.defaultOutputTokens);
  for (let index = 0; index < limits.length; index++) {
    const { kind, limit } = limits[index]!;
    const amount = amountOf(kind, spend);
    // More than can be counted is more than any budget.
    const known = amount === null ? null : (countable(amount) ?? Number.MAX_SAFE_INTEGER);
    if (known === null && budget.unknownPrice === "refuse") throw unknownPrice(budget, spender);
    const line: LedgerLine = {
      key: keys[index]!,
      owner: spender.projectId,
      group: budget.name,
      windowMs: budget.windowSeconds * 1000,
      limit,
      amount: known ?? 0,
      held: kind !== "requests",
      whenStoreIsAway: budget.whenStoreIsAway,
    };
    entries.push({ budget, kind, bucket, line });
  }
}

function amountOf(kind: AmountKind, spend: Spend): number | null {
  if (kind === "requests") return spend.requests ?? 1;
  if (kind === "tokens") return spend.tokens;
  return spend.costUsd === null ? null : toNanos(spend.costUsd);
}

/** What a provider says is not taken for a number: less than nothing would give others room. */
function countable(amount: number | null): number | null {
  return amount !== null && Number.isSafeInteger(amount) && amount >= 0 ? amount : null;
}

function refusal(entries: readonly Entry[], { line, left, waitMs }: Shortage, now: number): AppError {
  const { budget, kind, bucket } = entries.find((entry) => entry.line.key === line.key)!;
  const [has, needs, limit] = [left, line.amount, line.limit].map((amount) => formatAmount(kind, amount));
  const whose = Object.entries(bucket)
    .map(([dimension, value]) => (value === "" ? `without ${dimension}` : `${dimension} ${value}`))
    .join(", ");
  const when =
    waitMs === null
      ? "It is more than the whole budget: ask for less, for example a smaller maximum of output tokens."
      : `Enough is free in ${Math.ceil(waitMs / 1000)} s.`;
  return new AppError(
    "budget_exceeded",
    `The budget "${budget.name}" (${whose}) has ${has} of ${limit} ${unitOf[kind]} left in ${budget.windowSeconds} s, and this call may take ${needs}. ${when}`,
    {
      details: {
        budget: budget.name,
        bucket,
        kind,
        limit,
        left: has,
        needed: needs,
        windowSeconds: budget.windowSeconds,
        ...(waitMs === null
          ? { retryable: false }
          : { retryAfterSeconds: Math.ceil(waitMs / 1000), resetsAt: new Date(now + waitMs).toISOString() }),
      },
    },
  );
}

function unknownPrice(budget: BudgetConfig, { models }: Spender): AppError {
  return new AppError(
    "unknown_price",
    `The price of "${models.at(0)}" is not known, and the budget "${budget.name}" counts dollars. Add its price to gateway.prices, or set unknownPrice: "allow" on the budget.`,
    { details: { budget: budget.name, model: models.at(0) } },
  );
}
