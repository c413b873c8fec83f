import { type Decimal, formatDecimal, parseDecimal } from "../money/decimal.ts";
import type { BudgetConfig } from "./config.ts";

/** What budgets limit. */
export type AmountKind = keyof BudgetConfig["limits"];
export const amountKinds = ["requests", "tokens", "costUsd"] as const satisfies readonly AmountKind[];

/** Counts hold whole numbers, dollars as billionths: nine of the twelve digits of a price. */
const perNano = parseDecimal("0.000000001");

/** Rounded up: what is counted is never less than what was paid. */
export function toNanos(cost: Decimal): number {
  return Number((cost + perNano - 1n) / perNano);
}

export function limitOf(kind: AmountKind, limits: BudgetConfig["limits"]): number | null {
  if (kind === "costUsd") return limits.costUsd === undefined ? null : toNanos(parseDecimal(limits.costUsd));
  return limits[kind] ?? null;
}

/** As people read it: `0.25` of dollars, `1200` of tokens. */
export function formatAmount(kind: AmountKind, amount: number): string {
  return kind === "costUsd" ? formatDecimal(BigInt(amount) * perNano) : String(amount);
}

export const unitOf: Readonly<Record<AmountKind, string>> = { requests: "requests", tokens: "tokens", costUsd: "USD" };
