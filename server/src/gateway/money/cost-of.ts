import type { Usage } from "../types.ts";
import { type Decimal, formatDecimal, parseDecimal, priceOfTokens, ratePerToken } from "./decimal.ts";
import type { PriceRow } from "./price-row.ts";

/** What a call cost. Amounts are decimal text; null is "not known", which is never the same as nothing. */
export interface Cost {
  readonly amount: string | null;
  readonly currency: PriceRow["currency"] | null;
  /** Who counted the tokens. */
  readonly from: Usage["from"] | null;
  /** The amount in parts. A part the provider does not tell apart is null, and its tokens are in `input`. */
  readonly parts: {
    /** Input neither read from a cache nor written to it. */
    readonly input: string | null;
    /** Reasoning included. */
    readonly output: string | null;
    readonly cachedInput: string | null;
    readonly cacheWrite: string | null;
  };
}

interface Amounts {
  readonly input: Decimal | null;
  readonly output: Decimal | null;
  readonly cachedInput: Decimal | null;
  readonly cacheWrite: Decimal | null;
}

const unknown: Amounts = { input: null, output: null, cachedInput: null, cacheWrite: null };

export function costOf(usage: Usage | null, row: PriceRow | null, mode: "single" | "batch" = "single"): Cost {
  const amounts = usage === null || row === null || (mode === "batch" && row.batch === undefined) ? unknown : amountsOf(usage, row, mode);
  const { input, output, cachedInput, cacheWrite } = amounts;
  return {
    amount: input === null || output === null ? null : formatDecimal(input + output + (cachedInput ?? 0n) + (cacheWrite ?? 0n)),
    currency: row?.currency ?? null,
    from: usage?.from ?? null,
    parts: { input: format(input), output: format(output), cachedInput: format(cachedInput), cacheWrite: format(cacheWrite) },
  };
}

function amountsOf(usage: Usage, row: PriceRow, mode: "single" | "batch"): Amounts {
  const prices = row.perMillion;
  const factor = parseDecimal(mode === "batch" ? (row.batch ?? "1") : "1");
  const price = (tokens: number | null, perMillion: string): Decimal | null => {
    const rate = ratePerToken(parseDecimal(perMillion), factor);
    return tokens === null || rate === null ? null : priceOfTokens(tokens, rate);
  };
  const plain = remainder(usage.input, [usage.cachedInput, usage.cacheWrite]);
  const spoken = remainder(usage.output, prices.reasoning === undefined ? [] : [usage.reasoning]);
  const thought = prices.reasoning === undefined ? 0n : price(usage.reasoning ?? 0, prices.reasoning);
  const said = price(spoken, prices.output);
  return {
    input: price(plain, prices.input),
    output: said === null || thought === null ? null : said + thought,
    // Parts of an input that contradicts them say nothing either.
    cachedInput: plain === null ? null : price(usage.cachedInput, prices.cachedInput ?? prices.input),
    cacheWrite: plain === null ? null : price(usage.cacheWrite, prices.cacheWrite ?? prices.input),
  };
}

/** What is left of a count without its parts. Null where the count is unknown, or where counts contradict each other. */
function remainder(total: number | null, parts: readonly (number | null)[]): number | null {
  const counts = [total ?? Number.NaN, ...parts.map((part) => part ?? 0)];
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return null;
  const left = counts.reduce((whole, part) => whole - part);
  return left < 0 ? null : left;
}

function format(amount: Decimal | null): string | null {
  return amount === null ? null : formatDecimal(amount);
}
