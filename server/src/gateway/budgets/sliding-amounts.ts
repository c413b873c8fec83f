/** Parts of a window. An amount is given back one part late at most: a sixteenth of the window. */
export const windowParts = 16;

/**
 * Amounts of a sliding window, in whole numbers, so that their sum is exact. A part counts in full until all of it has left the
 * window: never more than the limit within any window, at the price of freeing a little late.
 */
export class SlidingAmounts {
  readonly windowMs: number;
  readonly #amounts = new Float64Array(windowParts + 1);
  readonly #partMs: number;
  /** The newest part, counted from the epoch. */
  #newest = Number.NEGATIVE_INFINITY;
  #sum = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
    this.#partMs = windowMs / windowParts;
  }

  sum(now: number): number {
    this.#advance(now);
    return this.#sum;
  }

  add(now: number, amount: number): void {
    this.#advance(now);
    this.#amounts[slot(this.#newest)]! += amount;
    this.#sum += amount;
  }

  /** Milliseconds until at least so much has left the window; null when it does not hold that much. */
  waitMs(now: number, amount: number): number | null {
    this.#advance(now);
    let missing = amount;
    for (let part = this.#newest - windowParts; part <= this.#newest; part++) {
      const held = this.#amounts[slot(part)]!;
      missing -= held;
      if (held > 0 && missing <= 0) return Math.max(1, Math.ceil((part + windowParts + 1) * this.#partMs - now));
    }
    return null;
  }

  /** Drops the parts that have left the window. A clock that steps back changes nothing. */
  #advance(now: number): void {
    const part = Math.floor(now / this.#partMs);
    if (part <= this.#newest) return;
    if (part - this.#newest > windowParts) {
      this.#amounts.fill(0);
      this.#sum = 0;
    } else
      for (let next = this.#newest + 1; next <= part; next++) {
        this.#sum -= this.#amounts[slot(next)]!;
        this.#amounts[slot(next)] = 0;
      }
    this.#newest = part;
  }
}

function slot(part: number): number {
  return ((part % (windowParts + 1)) + windowParts + 1) % (windowParts + 1);
}
