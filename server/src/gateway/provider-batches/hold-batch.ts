import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../core/index.ts";
import { estimateTokens } from "../budgets/estimate-tokens.ts";
import type { Forecast, Hold, Meter } from "../budgets/meter.ts";
import { spenderOf } from "../budgets/stage.ts";
import { dialectOf } from "../dialects/index.ts";
import { amountOf } from "../money/cost-of.ts";
import type { PriceTable } from "../money/price-table.ts";
import type { Target } from "../resolve-model.ts";
import type { Usage } from "../types.ts";
import type { BatchToReserve, ProviderBatches } from "./types.ts";

export interface BatchHoldDeps {
  readonly meter: Meter;
  readonly prices: PriceTable;
  readonly clock: Clock;
  readonly find: (name: string) => Target;
}

/** Questions that are measured before others have their turn. */
const atOnce = 200;

/** What batches under way may cost, held by this process from before they are sent until their answers are charged. */
export function createBatchHolds({ meter, prices, clock, find }: BatchHoldDeps): Pick<ProviderBatches, "reserve" | "release"> {
  const holds = new Map<string, Hold>();

  return {
    async reserve(batch) {
      if (meter.isEmpty || holds.has(batch.mark)) return;
      const target = find(batch.target);
      const measured = await measure(batch, target);
      const spender = spenderOf({
        origin: batch.origin,
        request: {},
        resolved: { name: target.name, targets: [target], totalMs: 0, alias: null },
      });
      const forecast: Forecast = {
        of(defaultOutputTokens) {
          const output = measured.output + measured.unbounded * defaultOutputTokens;
          const usage: Usage = { input: measured.input, output, cachedInput: null, cacheWrite: null, reasoning: null, from: "tokenizer" };
          const row = prices.find(target.provider, target.model, clock.now());
          // Nobody told us the price of a batch: it is no more than that of its calls.
          const costUsd = amountOf(usage, row, "batch") ?? amountOf(usage, row);
          return { tokens: measured.input + output, costUsd, requests: batch.bodies.length };
        },
      };
      holds.set(batch.mark, await meter.hold(spender, forecast, batch.leaseMs));
    },
    release(mark) {
      holds.get(mark)?.settle({ tokens: 0, costUsd: 0n });
      holds.delete(mark);
    },
  };
}

/** Tokens in, tokens out where the questions bound them, and how many do not. */
async function measure({ bodies }: BatchToReserve, { config }: Target) {
  const dialect = dialectOf(config.dialect);
  const sum = { input: 0, output: 0, unbounded: 0 };
  for (const [index, body] of bodies.entries()) {
    const request = dialect.parseRequest(JSON.parse(body));
    sum.input += estimateTokens(request);
    if (request.maxTokens === null) sum.unbounded++;
    else sum.output += request.maxTokens;
    if (index % atOnce === atOnce - 1) await turn();
  }
  return sum;
}
