import type { Clock } from "../../core/index.ts";
import { holdNoted } from "../budgets/hold-noted.ts";
import type { Meter } from "../budgets/meter.ts";
import { costOf } from "../money/cost-of.ts";
import { type Decimal, parseDecimal } from "../money/decimal.ts";
import type { PriceTable } from "../money/price-table.ts";
import { rowOf, usageOf } from "./ask-embeddings.ts";
import { estimateInput } from "./in-batches.ts";
import type { EmbeddingCall, EmbeddingSpend, EmbeddingStage } from "./types.ts";

export interface EmbeddingBudgetDeps {
  readonly meter: Meter;
  readonly prices: PriceTable;
  readonly clock: Clock;
}

/** What is held ends by itself so long after the call must have ended. */
const graceMs = 60_000;
const nothing = { tokens: 0, costUsd: 0n };

/** Reserves for all inputs before any is sent, settles with what was paid: what is remembered is given back. */
export function createEmbeddingBudgetStage({ meter, prices, clock }: EmbeddingBudgetDeps): EmbeddingStage {
  return async (call, next) => {
    const holding = {
      spender: spenderOf(call),
      forecast: forecast(call, prices, clock.now()),
      leaseMs: call.resolved.totalMs + graceMs,
    };
    const held = await holdNoted(meter, holding, call.evidence);
    const settle = ({ usage, cost }: EmbeddingSpend) => {
      const tokens = usage.input ?? forecastTokens(call);
      held.settle({ tokens, costUsd: cost.amount === null ? null : parseDecimal(cost.amount) });
    };
    try {
      const onFailure = (spent: EmbeddingSpend) => {
        settle(spent);
        call.onFailure?.(spent);
      };
      const reply = await next({ ...call, onFailure });
      settle(reply);
      return held.budgets.length === 0 ? reply : { ...reply, notes: { ...reply.notes, budgets: held.budgets } };
    } catch (error) {
      // Whatever was spent is told before; only the first word counts.
      held.settle(nothing);
      throw error;
    }
  };
}

function forecastTokens({ request }: EmbeddingCall): number {
  return request.inputs.reduce((total, input) => total + estimateInput(input), 0);
}

/** Whoever answers: the dearest of those whose price is known, where the first is. */
function forecast(call: EmbeddingCall, prices: PriceTable, now: number) {
  const tokens = forecastTokens(call);
  const usage = usageOf({ tokens, from: "tokenizer" });
  const costs = call.resolved.targets.map((target) => costOf(usage, rowOf(target, prices, now)).amount);
  const known = costs.filter((cost) => cost !== null).map(parseDecimal);
  const costUsd = costs[0] === null ? null : known.reduce<Decimal>((most, cost) => (cost > most ? cost : most), 0n);
  return { of: () => ({ tokens, costUsd }) };
}

function spenderOf({ origin, request, resolved }: EmbeddingCall) {
  const models = [...new Set([resolved.name, ...resolved.targets.map(({ name }) => name)])];
  return { ...origin, models, user: request.user ?? null, tags: {} };
}
