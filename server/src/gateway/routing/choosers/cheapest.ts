import { estimateTokens } from "../../budgets/estimate-tokens.ts";
import { costOf } from "../../money/cost-of.ts";
import { type Decimal, formatDecimal, parseDecimal } from "../../money/decimal.ts";
import type { Usage } from "../../types.ts";
import type { Chooser } from "../types.ts";

/** By what the request and an answer of the usual length would cost. Of a price that is not known nobody can say that it is low. */
export const chooseCheapest: Chooser<"cheapest"> = ({ request, resolved }, alias, { prices, clock }) => {
  const output = request.maxTokens ?? alias.outputTokens;
  const usage: Usage = { input: estimateTokens(request), output, cachedInput: null, cacheWrite: null, reasoning: null, from: "tokenizer" };
  const priced = resolved.targets.map((target) => {
    const { amount } = costOf(usage, prices.find(target.provider, target.model, clock.now()));
    return { target, cost: amount === null ? null : parseDecimal(amount) };
  });
  const sorted = priced.toSorted((left, right) => compare(left.cost, right.cost));
  const [first] = sorted;
  const why = first!.cost === null ? "no price is known" : `about $${formatDecimal(first!.cost)}, the least of those that fit`;
  return { targets: sorted.map(({ target }) => target), why };
};

function compare(left: Decimal | null, right: Decimal | null): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return left < right ? -1 : Number(left > right);
}
