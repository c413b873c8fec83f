import { AppError } from "../../core/index.ts";

/** An exact amount in steps of 1e-12: of dollars, picodollars. Sums and products by tokens are those of whole numbers. */
export type Decimal = bigint;

const places = 12;
const one = 10n ** BigInt(places);
const million = 1_000_000n;
const zero = "0".charCodeAt(0);
const shape = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Plain digits and at most twelve of them after the point. An exponent or a thirteenth digit is refused, never rounded. */
export function parseDecimal(text: string): Decimal {
  const value = readDecimal(text);
  if (value === null) {
    throw new AppError("invalid_request", `"${text}" is not a decimal number of at most ${places} digits after the point.`);
  }
  return value;
}

/** The same for a text that may be none: null then. */
export function readDecimal(text: string): Decimal | null {
  const [, sign, whole, fraction = ""] = shape.exec(text) ?? [];
  const digits = fraction.replace(/0+$/, "");
  if (whole === undefined || digits.length > places) return null;
  const value = BigInt(whole) * one + BigInt(digits.padEnd(places, "0"));
  return sign === "-" ? -value : value;
}

/** Without exponent, without zeros at the end: `0.0025`, `12`. */
export function formatDecimal(value: Decimal): string {
  const size = value < 0n ? -value : value;
  const digits = size.toString().padStart(places + 1, "0");
  const point = digits.length - places;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === zero) end--;
  return `${value < 0n ? "-" : ""}${digits.slice(0, point)}${end === point ? "" : `.${digits.slice(point, end)}`}`;
}

/**
 * What one token costs, from a price per million and a factor on it. Null where the twelve digits do not hold it: such a price is
 * refused when it is configured, so that no sum of tokens ever has to be rounded.
 */
export function ratePerToken(perMillion: Decimal, factor: Decimal = one): Decimal | null {
  const scaled = perMillion * factor;
  return scaled % (one * million) === 0n ? scaled / (one * million) : null;
}

/** The price of a whole number of tokens. */
export function priceOfTokens(tokens: number, rate: Decimal): Decimal {
  return BigInt(tokens) * rate;
}
