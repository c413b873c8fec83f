import type { Deadline } from "../../core/index.ts";
import type { CircuitBreakers, CircuitPass } from "./circuit-breaker.ts";
import type { KeyQuestion, KeyRing } from "./key-ring.ts";
import type { NoSlot, Release, Slots } from "./slots.ts";

export interface AttemptTarget {
  /** Budgets and breakers are kept by it. */
  readonly name: string;
  /** Tries at most, the first included. Another key after one that was turned away is none. */
  readonly attempts: number;
  /** Where it has several: then breakers and budgets are kept by target and key. */
  readonly keys?: { readonly ring: KeyRing; readonly order: KeyQuestion["order"] } | undefined;
  /** Where it takes so many calls at once and no more. */
  readonly slots?: Slots | undefined;
}

/** Why a target was left alone. */
export type SkipReason = "circuit_open" | "key_resting" | "target_busy";

/** Where nothing is bounded. */
export const nothingHeld: Release = () => undefined;

/** A place among the calls the target takes at once, or why there is none. */
export function takeSlot({ slots }: AttemptTarget, deadline: Deadline): Release | Promise<Release | NoSlot> | NoSlot {
  return slots === undefined ? nothingHeld : slots.take(() => deadline.signal);
}

/** What one try goes through: a target, or one of its keys. Breakers and budgets are kept by its name. */
export interface Lane {
  readonly name: string;
  readonly key: number;
  readonly pass: CircuitPass;
  readonly release: Release;
}

/** Through the circuit breaker, with the key that is best now. */
export function enterLane(
  target: AttemptTarget,
  turnedAway: ReadonlySet<number>,
  { breakers }: { readonly breakers: CircuitBreakers },
): Lane | SkipReason {
  const { keys } = target;
  if (keys === undefined) {
    const pass = breakers.of(target.name).enter();
    return pass === undefined ? "circuit_open" : { name: target.name, key: 1, pass, release: nothingHeld };
  }
  const without = new Set(turnedAway);
  let reason: SkipReason = "key_resting";
  const isOpen = (place: number) => {
    if (breakers.of(laneName(target.name, place)).state !== "open") return false;
    reason = "circuit_open";
    return true;
  };
  for (;;) {
    const key = keys.ring.choose({ order: keys.order, without, isOpen });
    if (key === undefined) return reason;
    const name = laneName(target.name, key);
    const pass = breakers.of(name).enter();
    if (pass !== undefined) return { name, key, pass, release: keys.ring.begin(key) };
    // Another call probes it.
    reason = "circuit_open";
    without.add(key);
  }
}

export function laneName(target: string, key: number): string {
  return `${target} key ${key}`;
}

/** Both are given back at once. */
export function together(one: Release, other: Release): Release {
  if (one === nothingHeld) return other;
  if (other === nothingHeld) return one;
  return () => {
    one();
    other();
  };
}
