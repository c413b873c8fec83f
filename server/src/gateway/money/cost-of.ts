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

/** The whole of it in dollars or whatever the row counts; null is "not known". */
export function amountOf(usage: Usage | null, row: PriceRow | null, mode: "single" | "batch" = "single"): Decimal | null {
  return usage === null || row === null || (mode === "batch" && row.batch === undefined) ? null : sumOf(amountsOf(usage, row, mode));
}

function sumOf({ input, output, cachedInput, cacheWrite }: Amounts): Decimal | null {
  return input === null || output === null ? null : input + output + (cachedInput ?? 0n) + (cacheWrite ?? 0n);
}

export function costOf(usage: Usage | null, row: PriceRow | null, mode: "single" | "batch" = "single"): Cost {
  const amounts = usage === null || row === null || (mode === "batch" && row.batch === undefined) ? unknown : amountsOf(usage, row, mode);
  const { input, output, cachedInput, cacheWrite } = amounts;
  return {
    amount: format(sumOf(amounts)),
    currency: row?.currency ?? null,
    from: usage?.from ?? null,
    parts: { input: format(input), output: format(output), cachedInput: format(cachedInput), cacheWrite: format(cacheWrite) },
  };
}

/** Of one token; null where the twelve digits do not hold it. */
interface Rates {
  readonly input: Decimal | null;
  readonly output: Decimal | null;
  readonly cachedInput: Decimal | null;
  readonly cacheWrite: Decimal | null;
  /** Undefined where thoughts cost what words do. */
  readonly reasoning: Decimal | null | undefined;
}

const rates = { single: new WeakMap<PriceRow, Rates>(), batch: new WeakMap<PriceRow, Rates>() };

/** Read once for each row: every call asks for them, and more than once. */
function ratesOf(row: PriceRow, mode: "single" | "batch"): Rates {
  const known = rates[mode].get(row);
  if (known !== undefined) return known;
  const { input, output, cachedInput = input, cacheWrite = input, reasoning } = row.perMillion;
  const factor = parseDecimal(mode === "batch" ? (row.batch ?? "1") : "1");
  const rate = (perMillion: string) => ratePerToken(parseDecimal(perMillion), factor);
  const found: Rates = {
    input: rate(input),
    output: rate(output),
    cachedInput: rate(cachedInput),
    cacheWrite: rate(cacheWrite),
    reasoning: reasoning === undefined ? undefined : rate(reasoning),
  };
  rates[mode].set(row, found);
  return found;
}

function price(tokens: number | null, rate: Decimal | null): Decimal | null {
  return tokens === null || rate === null ? null : priceOfTokens(tokens, rate);
}

function amountsOf(usage: Usage, row: PriceRow, mode: "single" | "batch"): Amounts {
  const { input, output, cachedInput, cacheWrite, reasoning } = ratesOf(row, mode);
  const plain = remainder(usage.input, [usage.cachedInput, usage.cacheWrite]);
  const spoken = remainder(usage.output, reasoning === undefined ? [] : [usage.reasoning]);
  const thought = reasoning === undefined ? 0n : price(usage.reasoning ?? 0, reasoning);
  const said = price(spoken, output);
  return {
    input: price(plain, input),
    output: said === null || thought === null ? null : said + thought,
    // Parts of an input that contradicts them say nothing either.
    cachedInput: plain === null ? null : price(usage.cachedInput, cachedInput),
    cacheWrite: plain === null ? null : price(usage.cacheWrite, cacheWrite),
  };
}

/** What is left of a count without its parts. Null where the count is unknown, or where counts contradict each other. */
function remainder(total: number | null, parts: readonly (number | null)[]): number | null {
  if (total === null || !isCount(total)) return null;
  let left = total;
  for (const part of parts) {
    if (part === null) continue;
    if (!isCount(part)) return null;
    left -= part;
  }
  return left < 0 ? null : left;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function format(amount: Decimal | null): string | null {
  return amount === null ? null : formatDecimal(amount);
}
