const places = 12;

/** Exact: amounts are decimal text of at most twelve digits after the point. */
export function addDecimals(amounts: readonly string[]): string {
  const sum = amounts.reduce((all, amount) => {
    const [whole = "0", fraction = ""] = amount.split(".");
    return all + BigInt(whole + fraction.padEnd(places, "0").slice(0, places));
  }, 0n);
  const digits = sum.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return `${digits.slice(0, -places)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Dollars, short: cents from a dollar on, three digits that matter below. What is not known is no zero. */
export function dollars(amount: string | null): string {
  if (amount === null) return "–";
  const value = Number(amount);
  if (value === 0) return "$0";
  if (value >= 1) return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${value.toLocaleString("en", { maximumSignificantDigits: 3, maximumFractionDigits: places })}`;
}

/** Of a limit, as percent for a bar: never past its end. */
export function shareOf(part: string, limit: string): number {
  const [value, whole] = [Number(part), Number(limit)];
  return whole > 0 ? Math.min(100, Math.max(0, (value / whole) * 100)) : 100;
}
