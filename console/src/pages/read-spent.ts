import { type InferenceDetail, isPartOfAsk } from "@millrace/contract";

export interface Spent {
  /** Decimal text; null: not known, which is not nothing. */
  readonly amount: string | null;
  readonly currency: string | null;
  readonly input: number | null;
  readonly output: number | null;
  readonly cachedInput: number | null;
  readonly cacheWrite: number | null;
  readonly reasoning: number | null;
  readonly from: string | null;
}

export interface SpentStep extends Spent {
  readonly place: number;
  readonly name: string;
  readonly target: string | null;
  /** The ask around it counts it too. */
  readonly isPart: boolean;
}

/** What foundation models cost for an inference, in all and by step. Null where none was asked. */
export function readSpent({ produced, steps }: Pick<InferenceDetail, "produced" | "steps">): {
  readonly total: Spent | null;
  readonly steps: readonly SpentStep[];
} {
  const paid = steps.flatMap((step, place) => {
    const { name, details = {} } = step;
    if (!("cost" in details)) return [];
    return [{ ...toSpent(details), place, name, target: textOf(details["target"]), isPart: isPartOfAsk(step, steps) }];
  });
  const total = toSpent(produced);
  // Refused before anything was sent: there is nothing to show.
  const isNothing = !isPaid(produced) || (total.input === 0 && total.output === 0);
  return { total: isNothing && paid.length === 0 ? null : total, steps: paid };
}

/** What nobody was asked for has neither. */
function isPaid(facts: Record<string, unknown>): boolean {
  return isObject(facts["cost"]) || isObject(facts["usage"]);
}

function toSpent(facts: Record<string, unknown>): Spent {
  const [cost, usage] = [asObject(facts["cost"]), asObject(facts["usage"])];
  return {
    amount: textOf(cost["amount"]),
    currency: textOf(cost["currency"]),
    input: numberOf(usage["input"]),
    output: numberOf(usage["output"]),
    cachedInput: numberOf(usage["cachedInput"]),
    cacheWrite: numberOf(usage["cacheWrite"]),
    reasoning: numberOf(usage["reasoning"]),
    from: textOf(usage["from"]),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
