import type { Clock } from "../../core/index.ts";
import type { CounterDecision, CounterRule, Counters } from "./types.ts";

/** Parts of a window. An amount is given back one part late at most: 1/16 of the window. */
const parts = 16;

interface Window {
  readonly windowMs: number;
  /** Amounts by part of time, as a ring. */
  readonly amounts: Float64Array;
  /** The newest part, counted from the epoch. */
  newest: number;
  sum: number;
}

export interface MemoryCountersDeps {
  readonly clock: Clock;
  /** Most keys held; 100,000 (about 30 MB). Past it, idle keys go first, then those used longest ago. */
  readonly maxKeys?: number;
}

/**
 * Sliding windows in memory. Amounts are counted by sixteenths of the window, and a sixteenth counts in full until all of it has
 * left the window: never more than the limit within any window, at the price of freeing a little late.
 */
export function createMemoryCounters(deps: MemoryCountersDeps): Counters {
  const maxKeys = deps.maxKeys ?? 100_000;
  // A Map remembers the order of insertion; a key used again is moved to its end.
  const windows = new Map<string, Window>();

  function increment(key: string, rule: CounterRule, amount = 1): CounterDecision {
    const partMs = rule.windowMs / parts;
    const now = deps.clock.now();
    const window = windowFor(key, rule.windowMs);
    advance(window, Math.floor(now / partMs));
    const allowed = window.sum + amount <= rule.limit;
    if (allowed) {
      window.amounts[ringIndex(window.newest)]! += amount;
      window.sum += amount;
    }
    const needed = allowed ? 1 : amount;
    return {
      allowed,
      remaining: Math.max(0, rule.limit - window.sum),
      resetMs: msUntilFree(window, { now, partMs, limit: rule.limit, needed }),
    };
  }

  function windowFor(key: string, windowMs: number): Window {
    const held = windows.get(key);
    if (held !== undefined) windows.delete(key);
    // A changed rule begins anew; the alternative is to read amounts in parts of another length.
    const window =
      held?.windowMs === windowMs ? held : { windowMs, amounts: new Float64Array(parts + 1), newest: Number.NEGATIVE_INFINITY, sum: 0 };
    if (windows.size >= maxKeys) evict();
    windows.set(key, window);
    return window;
  }

  /** Removes keys that count nothing any more, at least one key in any case. */
  function evict(): void {
    const now = deps.clock.now();
    for (const [key, window] of windows) {
      const idle = (window.newest + 1) * (window.windowMs / parts) + window.windowMs <= now;
      if (!idle && windows.size < maxKeys) return;
      windows.delete(key);
    }
  }

  return { increment, size: () => windows.size };
}

function ringIndex(part: number): number {
  return ((part % (parts + 1)) + parts + 1) % (parts + 1);
}

/** Drops the parts that have left the window. A clock that steps back changes nothing. */
function advance(window: Window, part: number): void {
  if (part <= window.newest) return;
  if (part - window.newest > parts) {
    window.amounts.fill(0);
    window.sum = 0;
  } else {
    for (let next = window.newest + 1; next <= part; next++) {
      const index = ringIndex(next);
      window.sum -= window.amounts[index]!;
      window.amounts[index] = 0;
    }
  }
  window.newest = part;
}

/** Milliseconds until `needed` fits under the limit; 0 when it fits now. */
function msUntilFree(window: Window, ask: { now: number; partMs: number; limit: number; needed: number }): number {
  let excess = window.sum + ask.needed - ask.limit;
  if (excess <= 0) return 0;
  for (let part = window.newest - parts; part <= window.newest; part++) {
    excess -= window.amounts[ringIndex(part)]!;
    // This part leaves when the window's parts and the one being filled lie behind it.
    if (excess <= 0) return Math.max(1, Math.ceil((part + parts + 1) * ask.partMs - ask.now));
  }
  return Math.ceil(window.windowMs + ask.partMs); // More than the limit was asked for at once: it never fits.
}
