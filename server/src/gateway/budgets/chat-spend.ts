import { amountOf } from "../money/cost-of.ts";
import { type Decimal, parseDecimal } from "../money/decimal.ts";
import type { PriceTable } from "../money/price-table.ts";
import { sumAttempts } from "../money/sum-attempts.ts";
import type { CallOutcome, GatewayCall } from "../stage.ts";
import type { ChatRequest, Usage } from "../types.ts";
import { estimateParts, estimateTokens } from "./estimate-tokens.ts";
import type { Forecast, Spend } from "./meter.ts";
import type { OutputPeaks } from "./output-peaks.ts";

export interface SpendDeps {
  readonly prices: PriceTable;
  readonly now: () => number;
}

export const nothing: Spend = { tokens: 0, costUsd: 0n };

/** What a call may take: the input by its size, the output as long as it may be. */
export function forecastChat(call: GatewayCall, peaks: OutputPeaks, deps: SpendDeps): Forecast {
  const { request, body, resolved } = call;
  // Most calls are in few budgets, and many in none: what nobody asks for is not measured.
  let measured: number | undefined;
  const choices = typeof body["n"] === "number" && body["n"] > 1 ? Math.floor(body["n"]) : 1;
  const longest = Math.max(...resolved.targets.map(({ name }) => peaks.of(name)));
  return {
    of(defaultOutputTokens) {
      const input = (measured ??= estimateTokens(request));
      const cacheWrite = writesCache(request) ? input : null;
      const output = (request.maxTokens ?? Math.max(defaultOutputTokens, longest)) * choices;
      const usage: Usage = { input, output, cachedInput: null, cacheWrite, reasoning: null, from: "tokenizer" };
      const costs = resolved.targets.map(({ name }) => price(name, usage, deps));
      const known = costs.filter((cost) => cost !== null);
      // A cascade may ask them all, and each is paid; otherwise one answers, and it may be the dearest.
      const asksAll = resolved.alias?.choose === "cascade";
      const most = known.reduce<Decimal>((sum, cost) => (asksAll ? sum + cost : cost > sum ? cost : sum), 0n);
      return { tokens: (input + output) * (asksAll ? resolved.targets.length : 1), costUsd: costs[0] === null ? null : most };
    },
  };
}

/** What it came to. Where the provider does not say, what was sent and what came, by their size. */
export function spentOn(call: GatewayCall, { target, answer, cost, error }: CallOutcome, deps: SpendDeps): Spend {
  if (target === null || answer === null) return nothing;
  const known = answer.usage;
  const isCounted = known !== null && known.input !== null && known.output !== null && (error === null || known.from === "tokenizer");
  if (isCounted) return { tokens: known.input + known.output, costUsd: decimalOf(cost?.amount) ?? price(target, known, deps) };
  // Of a stream that broke off the provider has told the beginning at most.
  const input = known?.input ?? estimateTokens(call.request);
  const output = Math.max(known?.output ?? 0, estimateParts(answer.content));
  const parts = { cachedInput: known?.cachedInput ?? null, cacheWrite: known?.cacheWrite ?? null, reasoning: null };
  return { tokens: input + output, costUsd: price(target, { input, output, ...parts, from: "tokenizer" }, deps) };
}

/** Of a call that nobody answered: what its attempts cost all the same. */
export function spentInVain({ book }: GatewayCall): Spend {
  const paid = sumAttempts(book?.soFar() ?? []);
  if (paid === undefined) return nothing;
  const { usage, cost } = paid;
  return { tokens: (usage.input ?? 0) + (usage.output ?? 0), costUsd: decimalOf(cost.amount) };
}

function price(target: string, usage: Usage, { prices, now }: SpendDeps): Decimal | null {
  const slash = target.indexOf("/");
  return amountOf(usage, prices.find(target.slice(0, slash), target.slice(slash + 1), now()));
}

function decimalOf(amount: string | null | undefined): Decimal | null {
  return amount === null || amount === undefined ? null : parseDecimal(amount);
}

function writesCache({ system, messages, tools = [] }: ChatRequest): boolean {
  return system.some(isMarked) || tools.some(isMarked) || messages.some(({ content }) => content.some(isMarked));
}

function isMarked(each: object): boolean {
  return "cache" in each && each.cache !== undefined;
}
